using System.Globalization;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Events;

public sealed class ForeignHandlerTests
{
    [SocketFact]
    public async Task Every_handler_is_called_whatever_the_one_before_it_threw()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.MessageReceived += (_, _) => throw new InvalidOperationException("a handler's own");
            socket.Closed += (_, _) => throw new InvalidOperationException("a handler's own");
            events.RecordAll(socket);
        });
        await dialogue.Peer.SendTextAsync("one");
        await dialogue.Peer.SendCloseAsync(1000);

        Assert.Equal("one", (await events.NextMessageAsync()).Message!.Text);
        Assert.Equal(1000, (await events.NextCloseAsync()).Code);
    }

    [SocketFact]
    public async Task Nothing_of_the_connecting_code_is_in_a_handler()
    {
        AsyncLocal<string?> ambient = new();
        TaskCompletionSource<(string? Ambient, string Culture, bool HasContext)> inMessage = new();
        TaskCompletionSource<(string? Ambient, string Culture, bool HasContext)> inClosed = new();
        (string? Ambient, string Culture, bool HasContext) Look() =>
            (ambient.Value, CultureInfo.CurrentCulture.Name, SynchronizationContext.Current is not null);
        (string? Ambient, string Culture, bool HasContext) nothing = await UnderNothingAsync(Look);
        await using Dialogue dialogue = await Task.Run(async () =>
        {
            ambient.Value = "the request that connects";
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");
            return await Dialogue.OpenAsync(socket =>
            {
                socket.MessageReceived += (_, _) =>
                {
                    inMessage.TrySetResult(Look());

                    // Nor does it stay for what is called later.
                    ambient.Value = "the first handler";
                };
                socket.Closed += (_, _) => inClosed.TrySetResult(Look());
            });
        });
        await dialogue.Peer.SendTextAsync("one");

        Assert.Equal(nothing, await inMessage.Task);
        ambient.Value = "the code that closes";
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(new SynchronizationContext());
        dialogue.Socket.Close();
        SynchronizationContext.SetSynchronizationContext(before);
        Assert.Equal(nothing, await inClosed.Task);
        Assert.Equal("the code that closes", ambient.Value);
    }

    [SocketFact]
    public async Task Closed_waits_for_the_handler_that_works_and_Close_does_not()
    {
        List<string> order = [];
        using ManualResetEventSlim goOn = new();
        TaskCompletionSource working = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.MessageReceived += (_, args) =>
            {
                working.TrySetResult();
                goOn.Wait();
                order.Add(args.Message?.Text ?? "an error");
            };
            socket.Closed += (_, _) =>
            {
                order.Add("closed");
                closed.SetResult();
            };
        });
        await dialogue.Peer.SendTextAsync("one");
        await dialogue.Peer.SendTextAsync("two");
        await working.Task;

        dialogue.Socket.Close();
        Assert.Empty(order);
        goOn.Set();
        await closed.Task;

        // The loop goes on and finds the second message, then a reset; neither is told of any more.
        dialogue.Peer.Reset();
        await dialogue.Socket.Released;
        Assert.Equal(["one", "closed"], order);
    }

    [SocketFact]
    public async Task A_handler_that_closes_the_socket_has_returned_before_Closed_is_raised()
    {
        List<string> order = [];
        TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.MessageReceived += (sender, _) =>
            {
                sender.Close();
                order.Add("first handler");
            };
            socket.MessageReceived += (_, _) => order.Add("second handler");
            socket.Closed += (_, _) =>
            {
                order.Add("closed");
                closed.SetResult();
            };
        });
        await dialogue.Peer.SendTextAsync("one");
        await closed.Task;

        Assert.Equal(["first handler", "second handler", "closed"], order);
    }

    private static Task<T> UnderNothingAsync<T>(Func<T> look)
    {
        TaskCompletionSource<T> seen = new();
        new Thread(() => seen.SetResult(look())).UnsafeStart();
        return seen.Task;
    }
}
