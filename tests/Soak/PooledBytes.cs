using System.Diagnostics.Tracing;

namespace MessageWebSockets.Soak;

/// <summary>
/// Counts the bytes that <see cref="System.Buffers.ArrayPool{T}.Shared"/> owns, lent or kept. It keeps what was once needed for up to a minute or
/// two, whether a connection still exists or not, so a curve of all live memory shows its habits and not what leaks.
/// </summary>
internal sealed class PooledBytes : EventListener
{
    private long _owned;

    public long Owned => Interlocked.Read(ref _owned);

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "System.Buffers.ArrayPoolEventSource")
        {
            // At this level it tells what it allocates and lets go; every loan would be too much.
            EnableEvents(eventSource, EventLevel.Informational);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        int sign = eventData.EventName switch
        {
            "BufferAllocated" => 1,
            "BufferTrimmed" or "BufferDropped" => -1,
            _ => 0,
        };
        if (sign != 0 && eventData.PayloadNames!.IndexOf("bufferSize") is >= 0 and int index)
        {
            Interlocked.Add(ref _owned, sign * (int)eventData.Payload![index]!);
        }
    }
}
