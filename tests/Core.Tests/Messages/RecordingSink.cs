using System.Collections.Concurrent;

namespace MessageWebSockets.Tests.Messages;

/// <summary>Stands in for the socket: keeps the messages, and can refuse, fail or hold them back.</summary>
internal sealed class RecordingSink : IMessageSink
{
    private readonly ConcurrentQueue<(SocketMessageType Type, byte[] Message)> _sent = new();

    public SocketMessageType MessageType { get; set; }

    public Exception? NotWritable { get; set; }

    public Exception? SendFailure { get; set; }

    public Task Gate { get; set; } = Task.CompletedTask;

    public IReadOnlyList<(SocketMessageType Type, byte[] Message)> Sent => [.. _sent];

    public void ThrowIfNotWritable()
    {
        if (NotWritable is not null)
        {
            throw NotWritable;
        }
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, SocketMessageType type, CancellationToken cancellationToken)
    {
        await Gate.WaitAsync(cancellationToken);
        if (SendFailure is not null)
        {
            throw SendFailure;
        }

        // Given up the thread before the copy: a stream that reused its buffer too early would show.
        await Task.Yield();
        _sent.Enqueue((type, message.ToArray()));
    }
}
