namespace MessageWebSockets.Framing;

/// <summary>Hands bytes to the network, and tells how the network takes them.</summary>
/// <remarks>One write at a time; what it tells may be read from any thread.</remarks>
/// <param name="network">Where they go.</param>
/// <param name="pings">Told when pings go out.</param>
internal sealed class NetworkWriter(Stream network, PingBook pings)
{
    // A long write is handed to the network in parts, so that it is seen whether the peer takes them, and when a ping in it leaves. Each
    // part wakes the peer, which on loopback costs more than to copy it. A peer that opens a window for us, as over HTTP/2, is seen to take
    // something with each part alone, however slow it is.
    private const int Part = 128 * 1024;
    private const int LongPart = 2 * 1024 * 1024;
    private const int WindowPart = 16 * 1024;

    private long _bytesSent;
    private long _lastAccepted;
    private long _waitingSince;

    /// <summary>Bytes handed over.</summary>
    public long BytesSent => Volatile.Read(ref _bytesSent);

    /// <summary>
    /// When the peer last made room for something that had to wait for it, in milliseconds of <see cref="Environment.TickCount64"/>.
    /// What the system takes at once says nothing about the peer.
    /// </summary>
    public long LastAccepted => LastHeardBelow?.Invoke() ?? Volatile.Read(ref _lastAccepted);

    /// <summary>
    /// Since when a write waits for the peer to make room, in milliseconds of <see cref="Environment.TickCount64"/>; 0 while none does.
    /// </summary>
    public long WaitingSince => Volatile.Read(ref _waitingSince);

    /// <summary>Whether something else tells what the peer takes.</summary>
    public bool IsProgressKnown { get; set; }

    /// <summary>
    /// When something of the peer's came below this connection, in milliseconds of <see cref="Environment.TickCount64"/>, where the peer
    /// has a window of its own for the connection, which moves by what comes there (RFC 9113 section 5.2); null for no such window.
    /// </summary>
    /// <remarks>Each write waits for a moment there, whether the peer makes room or not.</remarks>
    public Func<long>? LastHeardBelow { get; set; }

    private int PartLength =>
        LastHeardBelow is not null ? WindowPart : IsProgressKnown && !pings.HasUnwritten ? LongPart : Part;

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        ReadOnlyMemory<byte> rest = bytes;
        while (rest.Length > 0)
        {
            int count = Math.Min(rest.Length, PartLength);
            long end = _bytesSent + count;
            pings.NoteSending(end);
            ValueTask write = network.WriteAsync(rest[..count]);
            if (write.IsCompleted)
            {
                await write.ConfigureAwait(false);
            }
            else
            {
                Volatile.Write(ref _waitingSince, Environment.TickCount64);
                await write.ConfigureAwait(false);
                Volatile.Write(ref _waitingSince, 0);
                Volatile.Write(ref _lastAccepted, Environment.TickCount64);
            }

            rest = rest[count..];
            if (rest.Length == 0)
            {
                await network.FlushAsync().ConfigureAwait(false);
            }

            Volatile.Write(ref _bytesSent, end);
            pings.NoteWritten(end);
        }
    }
}
