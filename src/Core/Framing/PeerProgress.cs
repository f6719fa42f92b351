using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace MessageWebSockets.Framing;

/// <summary>
/// What the peer's side of a TCP connection has taken, as Linux tells it (TCP_INFO, linux/tcp.h). A peer that reads slowly takes what
/// the system has accepted long before; without this it would be silent for all that time.
/// </summary>
/// <param name="Acknowledged">The bytes it acknowledged.</param>
/// <param name="Window">The bytes it has room for; it grows when the peer reads.</param>
/// <param name="IsWaiting">Whether bytes were not acknowledged yet.</param>
internal readonly record struct PeerProgress(ulong Acknowledged, uint Window, bool IsWaiting)
{
    private const int TcpLevel = 6;
    private const int TcpInfo = 11;
    private const int SegmentSizeAt = 16;
    private const int UnacknowledgedAt = 24;
    private const int AcknowledgedAt = 120;
    private const int NotSentAt = 144;
    private const int WindowAt = 228;
    private const int Length = WindowAt + sizeof(uint);

    /// <summary>The bytes that were not acknowledged yet, in whole segments, so that there are rather less.</summary>
    public ulong Outstanding { get; init; }

    // How far the peer let us send, whatever it said since, and by how much its window had grown in all, at the looks before this one.
    private ulong Furthest { get; init; }

    private ulong Grown { get; init; }

    private ulong Edge => Acknowledged + Window;

    /// <summary>
    /// Whether the peer has taken something since: bytes that had waited are acknowledged now, or its window has grown, as it does when
    /// the peer reads. What was sent after the earlier look did not wait at it; its acknowledgement shows no more than that the peer's
    /// system lives.
    /// </summary>
    public bool IsBeyond(PeerProgress earlier) =>
        (earlier.IsWaiting && Acknowledged > earlier.Acknowledged) || HasReadSince(earlier);

    /// <summary>
    /// This look as the one behind an earlier one, in a row of them: a peer that takes nothing cannot seem to for ever, by moving its
    /// window up and down or by letting it creep.
    /// </summary>
    public PeerProgress Behind(PeerProgress earlier) => this with
    {
        Furthest = Math.Max(earlier.Furthest, earlier.Edge),
        Grown = earlier.Grown + (HasReadSince(earlier) ? Window - earlier.Window : 0),
    };

    // What a peer once let us send it cannot have read again (RFC 9293 section 3.8.6), nor more than it was given.
    private bool HasReadSince(PeerProgress earlier) =>
        Window > earlier.Window && Edge > Math.Max(earlier.Furthest, earlier.Edge) && earlier.Grown < Acknowledged;

    /// <summary>Null where the system does not tell.</summary>
    public static PeerProgress? Of(Socket socket)
    {
        if (!OperatingSystem.IsLinux() || socket.ProtocolType != ProtocolType.Tcp)
        {
            return null;
        }

        Span<byte> info = stackalloc byte[Length];
        try
        {
            // Older systems tell less.
            return socket.GetRawSocketOption(TcpLevel, TcpInfo, info) < Length ? null : Read(info);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    private static PeerProgress Read(ReadOnlySpan<byte> info)
    {
        ulong segments = MemoryMarshal.Read<uint>(info[UnacknowledgedAt..]);
        ulong outstanding = (segments * MemoryMarshal.Read<uint>(info[SegmentSizeAt..])) + MemoryMarshal.Read<uint>(info[NotSentAt..]);
        return new PeerProgress(
            MemoryMarshal.Read<ulong>(info[AcknowledgedAt..]), MemoryMarshal.Read<uint>(info[WindowAt..]), outstanding > 0)
        {
            Outstanding = outstanding,
        };
    }
}
