using MessageWebSockets.PowerShell.Loading;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests.Loading;

/// <summary>A load on a server that passes on to each of its clients what the others send.</summary>
public sealed class BroadcastLoadTests
{
    private const int Limit = 60_000;

    [Fact(Timeout = Limit)]
    public async Task A_message_of_another_connection_is_no_answer()
    {
        WebSocketEchoServer? server = null;
        await using WebSocketEchoServer started = WebSocketEchoServer.Start(new WebSocketEchoServerOptions
        {
            Handler = (message, sender, token) => Task.WhenAll(
                server!.Clients.Where(client => client.Id != sender.Id).Select(client => client.SendAsync(message.Text, token))),
        });
        server = started;
        using CancellationTokenSource stop = new();
        LoadTally tally = new();
        Times times = new();
        LoadPlan plan = new(
            server.Uri, WsLoadMode.Echo, 2, TimeSpan.Zero, Timeout.InfiniteTimeSpan, null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        LoadContext context = new(plan, static () => new MessageWebSocket(), new SizedMessages(64), tally, times, times, stop.Token);
        MessageWorker[] workers = [new(context), new(context)];
        foreach (MessageWorker worker in workers)
        {
            await worker.OpenAsync(TestContext.Current.CancellationToken);
        }

        Array.ForEach(workers, static worker => worker.Begin());
        while (tally.Received < workers.Length)
        {
            await Task.Yield();
        }

        await stop.CancelAsync();
        foreach (MessageWorker worker in workers)
        {
            await worker.StopAsync();

            // The close comes behind what was received before it, which is handled then.
            await worker.CloseAsync(Timeout.InfiniteTimeSpan);
        }

        Assert.Equal((2, 2, 0, 0), (tally.Sent, tally.Received, tally.Answered, tally.Errors));
        Assert.Equal([1, 1], workers.Select(static worker => worker.Unanswered));
    }

    private sealed class Times : ILatencyRecorder
    {
        public void Record(long microseconds)
        {
        }

        public void Record(long microseconds, long expectedInterval) => throw new NotSupportedException();

        public ILatencyHistogram TakeInterval() => throw new NotSupportedException();
    }
}
