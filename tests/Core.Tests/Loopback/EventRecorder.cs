using System.Threading.Channels;

namespace MessageWebSockets.Tests.Loopback;

/// <summary>Keeps the events of a socket in their order, so that a test can wait for them.</summary>
internal sealed class EventRecorder
{
    private readonly Channel<MessageWebSocketMessageReceivedEventArgs> _messages =
        Channel.CreateUnbounded<MessageWebSocketMessageReceivedEventArgs>();

    private readonly Channel<WebSocketClosedEventArgs> _closes = Channel.CreateUnbounded<WebSocketClosedEventArgs>();
    private int _closedCount;

    /// <summary>How often Closed was raised.</summary>
    public int ClosedCount => Volatile.Read(ref _closedCount);

    public void RecordMessages(MessageWebSocket socket) => socket.MessageReceived += (_, args) => _messages.Writer.TryWrite(args);

    public void RecordCloses(MessageWebSocket socket) => socket.Closed += (_, args) =>
    {
        Interlocked.Increment(ref _closedCount);
        _closes.Writer.TryWrite(args);
    };

    public void RecordAll(MessageWebSocket socket)
    {
        RecordMessages(socket);
        RecordCloses(socket);
    }

    /// <summary>The next MessageReceived.</summary>
    public Task<MessageWebSocketMessageReceivedEventArgs> NextMessageAsync() => _messages.Reader.ReadAsync().AsTask();

    /// <summary>The next Closed.</summary>
    public Task<WebSocketClosedEventArgs> NextCloseAsync() => _closes.Reader.ReadAsync().AsTask();

    /// <summary>Whether an event was recorded and not taken.</summary>
    public bool HasMore => _messages.Reader.Count > 0 || _closes.Reader.Count > 0;
}
