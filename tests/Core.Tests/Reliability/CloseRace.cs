using Xunit;

namespace MessageWebSockets.Tests.Reliability;

/// <summary>One connection on which connect, send, receive, ping and one or two closes begin in a random order, some at once.</summary>
internal sealed class CloseRace(Random random, Uri uri)
{
    private readonly List<string> _order = [];

    public async Task RunAsync()
    {
        MessageWebSocket socket = new();
        socket.Control.UseProxy = false;
        socket.Control.CloseTimeout = TimeSpan.FromSeconds(10);
        List<(string Name, Task Task)> operations = [];
        bool duringConnect = random.Next(4) == 0;
        Task connect = socket.ConnectAsync(uri);
        if (duringConnect)
        {
            _order.Add("connecting");
            operations.Add(("connect", OnlyOursAsync(connect)));
        }
        else
        {
            await OnlyOursAsync(connect);
        }

        (string Name, Func<Task> Begin)[] actions =
        [
            ("send", () => socket.SendAsync("a message").AsTask()),
            ("send", () => socket.SendAsync(new byte[2 * 1024 * 1024], SocketMessageType.Binary).AsTask()),
            ("fragment", () => socket.SendNonfinalFrameAsync(new byte[10]).AsTask()),
            ("receive", () => socket.ReceiveAsync().AsTask()),
            ("receive", async () => await ReadToEndAsync(socket)),
            ("ping", () => socket.PingAsync()),
            ("flush", () => socket.FlushAsync()),
            Close(socket),
            Close(socket),
        ];
        random.Shuffle(actions);
        foreach ((string name, Func<Task> begin) in actions)
        {
            bool elsewhere = random.Next(2) == 0;
            _order.Add(elsewhere ? name + "*" : name);
            operations.Add((name, OnlyOursAsync(elsewhere ? Task.Run(begin) : Begin(begin))));
        }

        if (duringConnect)
        {
            // A CloseAsync that came before the connection has nothing to close in order and says so: then this is the close.
            await operations[0].Task.WaitAsync(FaultVisit.Patience);
            if (socket.State == MessageWebSocketState.Open)
            {
                socket.Close();
            }
        }

        try
        {
            await Task.WhenAll(operations.Select(operation => operation.Task)).WaitAsync(FaultVisit.Patience);
        }
        catch (TimeoutException e)
        {
            string[] hanging = [.. operations.Where(operation => !operation.Task.IsCompleted).Select(operation => operation.Name)];
            throw new TimeoutException($"These did not end on a socket that is {socket.State}: {string.Join(", ", hanging)}.", e);
        }

        socket.Dispose();
        await socket.Released.WaitAsync(FaultVisit.Patience);
        Assert.True(socket.State is MessageWebSocketState.Closed or MessageWebSocketState.Aborted, $"It is {socket.State}.");
    }

    public override string ToString() => string.Join(", ", _order);

    private (string Name, Func<Task> Begin) Close(MessageWebSocket socket) => random.Next(4) switch
    {
        0 => ("Close", () => Now(socket.Close)),
        1 => ("Close 1000", () => Now(() => socket.Close(1000, "bye"))),
        2 => ("CloseAsync", () => socket.CloseAsync(1000, "bye")),
        _ => ("Dispose", () => Now(socket.Dispose)),
    };

    private static Task Now(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    // What a call throws at once counts as much as what its task does.
    private static async Task Begin(Func<Task> begin) => await begin();

    private static async Task ReadToEndAsync(MessageWebSocket socket)
    {
        while (await socket.ReceiveAsync() is not null)
        {
        }
    }

    private static async Task OnlyOursAsync(Task operation)
    {
        try
        {
            await operation;
        }
        catch (MessageWebSocketException)
        {
        }
        catch (ObjectDisposedException e) when (e.HResult == HResults.Closed)
        {
        }
        catch (InvalidOperationException e) when (e.HResult == HResults.IllegalMethodCall)
        {
        }
    }
}
