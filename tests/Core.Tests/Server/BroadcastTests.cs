using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using MessageWebSockets.Tests.Framing;
using MessageWebSockets.Tests.Loopback;
using MessageWebSockets.Tests.Messages;
using Xunit;

namespace MessageWebSockets.Tests.Server;

/// <summary>What is sent to all clients, without a network.</summary>
public sealed class BroadcastTests : IDisposable
{
    private readonly Socket _transport = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly TwoWayStream _network = new(new MemoryStream());
    private readonly ServerMessage _first = Message("first");
    private readonly ServerMessage _second = Message("second");
    private readonly ServerMessage _third = Message("third");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _transport.Dispose();

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task The_next_message_waits_for_room_with_everybody_and_for_its_turn()
    {
        ServerConnection quick = Member(limit: 1_000_000);
        ServerConnection slow = Member(limit: 1);
        Broadcast broadcast = new(() => [slow, quick], TimeSpan.FromDays(1));
        using CancellationTokenSource givenUp = new();
        await broadcast.SendAsync(_first, Token);

        Task second = broadcast.SendAsync(_second, givenUp.Token);
        Task third = broadcast.SendAsync(_third, givenUp.Token);
        Assert.False(second.IsCompleted);
        await givenUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => third);
        Assert.False(second.IsCompleted);
        Assert.Same(_first, await slow.Outgoing.TakeAsync());
        await second;
        Assert.Same(_second, await slow.Outgoing.TakeAsync());
        await broadcast.SendAsync(_third, Token);

        foreach (ServerMessage message in (ServerMessage[])[_first, _second, _third])
        {
            Assert.Same(message, await quick.Outgoing.TakeAsync());
        }

        Assert.Same(_third, await slow.Outgoing.TakeAsync());
        Assert.Equal(0, broadcast.Dropped);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Who_takes_nothing_is_dropped_with_1008_and_nobody_else()
    {
        ServerConnection stuck = Member(limit: 1);
        ServerConnection quick = Member(limit: 1_000_000);
        Broadcast broadcast = new(() => [stuck, quick], TimeSpan.FromMilliseconds(1));
        await broadcast.SendAsync(_first, Token);
        await broadcast.SendAsync(_second, Token);
        await broadcast.SendAsync(_third, Token);

        Assert.Equal(1, broadcast.Dropped);
        Assert.Equal((true, false), (stuck.IsClosing, quick.IsClosing));
        quick.Outgoing.Complete(discards: false);
        foreach (ServerMessage message in (ServerMessage[])[_first, _second, _third])
        {
            Assert.Same(message, await quick.Outgoing.TakeAsync());
        }

        Assert.Null(await quick.Outgoing.TakeAsync());

        await stuck.RunAsync(new ReturnedMessages(stuck.Outgoing));
        Assert.Equal(
            "8:\u0003\u00f0This client reads too slowly.", ReadFrames.Describe(_network.Written.ToArray(), areMasked: false));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Who_is_being_closed_is_not_waited_for_anew()
    {
        ServerConnection closing = Member(limit: 1_000_000);
        Broadcast broadcast = new(() => [closing], TimeSpan.FromDays(1));
        closing.Close(new ConnectionEnd(ConnectionEnd.MessageTooBig, ""), discards: false);
        long now = Environment.TickCount64;
        Assert.True(SpinWait.SpinUntil(() => Environment.TickCount64 > now, SocketFactAttribute.Patience));

        await broadcast.SendAsync(_first, Token);

        long asked = Environment.TickCount64;
        Assert.InRange(asked - closing.Activity.Stall.TotalMilliseconds, 0, now);
        await closing.RunAsync(new ReturnedMessages(closing.Outgoing));
        Assert.Equal("8:\u0003\u00f1", ReadFrames.Describe(_network.Written.ToArray(), areMasked: false));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Nothing_goes_on_in_the_context_of_a_caller()
    {
        ServerConnection slow = Member(limit: 1);
        Broadcast broadcast = new(() => [slow], TimeSpan.FromDays(1));
        await broadcast.SendAsync(_first, Token);
        int posts = await ForeignContext.CountPostsAsync(() =>
        {
            Task sending = Task.WhenAll(broadcast.SendAsync(_second, Token), broadcast.SendAsync(_third, Token));
            Assert.False(sending.IsCompleted);
            return Task.WhenAll(sending, TakeAllAsync(slow.Outgoing));
        });
        Assert.Equal(0, posts);
    }

    private static async Task TakeAllAsync(MessageQueue queue)
    {
        for (int i = 0; i < 3; i++)
        {
            await queue.TakeAsync().ConfigureAwait(false);
        }
    }

    private static ServerMessage Message(string text) => new(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text);

    private ServerConnection Member(long limit)
    {
        UpgradeRequest request = UpgradeRequest.Parse(Encoding.ASCII.GetBytes(RawClient.Request()));
        return new ServerConnection(
            new ServerConnectionSettings(MaxMessageSize: 100, limit, Timeout.InfiniteTimeSpan),
            _transport,
            _network,
            new AcceptedUpgrade(request, Protocol: null, Compression: null, default),
            new MessageCounts(all: null),
            static error => Assert.Fail(error.Message));
    }
}
