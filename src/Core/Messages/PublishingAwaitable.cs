using System.Net.WebSockets;
using System.Runtime.CompilerServices;

namespace MessageWebSockets;

/// <summary>
/// Awaits a receive and wakes the readers of the inbox once the receive loop is suspended: a reader then goes on at once, on the
/// thread the loop just left, and whatever it does there cannot hold up the loop, which resumes on another.
/// </summary>
internal readonly struct PublishingAwaitable(ValueTask<ValueWebSocketReceiveResult> receive, Inbox inbox) : ICriticalNotifyCompletion
{
    private readonly ConfiguredValueTaskAwaitable<ValueWebSocketReceiveResult>.ConfiguredValueTaskAwaiter _awaiter =
        receive.ConfigureAwait(false).GetAwaiter();

    public bool IsCompleted
    {
        get
        {
            if (!_awaiter.IsCompleted)
            {
                return false;
            }

            inbox.PublishElsewhere();
            return true;
        }
    }

    public PublishingAwaitable GetAwaiter() => this;

    public ValueWebSocketReceiveResult GetResult() => _awaiter.GetResult();

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation)
    {
        _awaiter.UnsafeOnCompleted(continuation);
        inbox.Publish();
    }
}
