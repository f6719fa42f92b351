using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace MessageWebSockets.Connections;

/// <summary>
/// Awaits a receive and wakes the readers once the receive loop is suspended: a reader then goes on at once, on the
/// thread the loop just left, and whatever it does there cannot hold up the loop, which resumes on another. That is only true
/// where the loop itself awaits: in a method that the loop has called, the loop would still be on the reader's stack.
/// </summary>
internal readonly struct PublishingAwaitable(ValueTask<ReceivedData> receive, IReceiver receiver) : ICriticalNotifyCompletion
{
    private readonly ConfiguredValueTaskAwaitable<ReceivedData>.ConfiguredValueTaskAwaiter _awaiter =
        receive.ConfigureAwait(false).GetAwaiter();

    public bool IsCompleted
    {
        get
        {
            if (!_awaiter.IsCompleted)
            {
                return false;
            }

            receiver.PublishElsewhere();
            return true;
        }
    }

    public PublishingAwaitable GetAwaiter() => this;

    [SuppressMessage("Usage", "VSTHRD002:Avoid synchronous waits", Justification = "Called by await, once the awaiter has completed.")]
    public ReceivedData GetResult() => _awaiter.GetResult();

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation)
    {
        _awaiter.UnsafeOnCompleted(continuation);
        receiver.Publish();
    }
}
