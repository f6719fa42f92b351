namespace MessageWebSockets.Connections;

/// <summary>What was received. Written by the receive loop alone, so that no interlocked operation is needed; read by anybody.</summary>
internal sealed class ReceiveCounters
{
    private long _messages;
    private long _payloadBytes;

    /// <summary>Whole messages.</summary>
    public long Messages => Volatile.Read(ref _messages);

    /// <summary>Their payload, in bytes after decompression.</summary>
    public long PayloadBytes => Volatile.Read(ref _payloadBytes);

    public void Count(int payloadLength, bool isWholeMessage)
    {
        Volatile.Write(ref _payloadBytes, _payloadBytes + payloadLength);
        if (isWholeMessage)
        {
            Volatile.Write(ref _messages, _messages + 1);
        }
    }
}
