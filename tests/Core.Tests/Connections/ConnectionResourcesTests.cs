using System.Net.Http;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Connections;

/// <summary>What a connection lets go of at its end.</summary>
public sealed class ConnectionResourcesTests : IDisposable
{
    private readonly MemoryNetwork _network = new();
    private readonly Handler _handler = new();
    private readonly ConnectionState _state;
    private readonly ConnectionResources _resources;

    public ConnectionResourcesTests()
    {
        ConnectionSettings settings = new()
        {
            Uri = new Uri("ws://example.com/"),
            SocketClass = "X",
            Frames = new FrameTraces(),
            Clock = new ManualClock(),
        };
        _state = new ConnectionState(
            settings, new FrameStream(_network, settings.Frames), new RecordingReceiver(), new RecordingEvents());
        _resources = new ConnectionResources(_state, new OpenedConnection(_network, _handler, null, null));
    }

    public void Dispose()
    {
        _network.Dispose();
        _handler.Dispose();
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task All_that_is_held_is_let_go_once()
    {
        Handler one = _resources.Hold(new Handler());
        Handler other = _resources.Hold(new Handler());
        _resources.Release(null);
        _resources.Release(new IOException("x"));
        await _state.Released;
        Assert.Equal((1, 1, 1), (one.Disposals, other.Disposals, _handler.Disposals));
        Assert.True(_network.IsDisposed);
        Assert.True(_state.Ended.IsCancellationRequested);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nothing_goes_on_in_the_context_of_a_caller(bool isHeld)
    {
        if (isHeld)
        {
            _network.Hold();
            _state.Transport.Writer.SendUnsolicitedPong();
        }

        int posts = await ForeignContext.CountPostsAsync(() =>
        {
            Task end = _resources.ReleaseAtTcpEndAsync(null);
            Assert.False(end.IsCompleted);
            ThreadPool.UnsafeQueueUserWorkItem(
                static network =>
                {
                    network.LetGo();
                    network.End();
                },
                _network,
                preferLocal: false);
            return end;
        });
        Assert.Equal(0, posts);
        Assert.True(await _state.PeerGone);
        Assert.True(_network.IsDisposed);
    }

    private sealed class Handler : HttpMessageHandler
    {
        public int Disposals { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("There is nothing to ask.");

        protected override void Dispose(bool disposing)
        {
            Disposals++;
            base.Dispose(disposing);
        }
    }
}
