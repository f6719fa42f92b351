namespace MessageWebSockets.Messages;

/// <summary>
/// Whether the receive loop is held up by somebody else: by readers who leave the inbox full, by a handler, by a filter. The network
/// is not read then, so nothing of it can be told.
/// </summary>
internal sealed class ReceivePause
{
    private int _depth;

    public bool IsOn => Volatile.Read(ref _depth) > 0;

    public void Begin() => Interlocked.Increment(ref _depth);

    public void End() => Interlocked.Decrement(ref _depth);
}
