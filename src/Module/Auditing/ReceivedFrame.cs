using MessageWebSockets.Framing;

namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>A frame that the server sent.</summary>
/// <param name="Header">Its header.</param>
/// <param name="Payload">Its payload, or the beginning of it where that is long.</param>
internal sealed record ReceivedFrame(FrameHeader Header, byte[] Payload)
{
    /// <summary>What <see cref="CloseCode"/> is for a close frame without a code.</summary>
    public const int NoCode = -1;

    /// <summary>What <see cref="CloseCode"/> is for a close frame with half a code.</summary>
    public const int HalfCode = -2;

    /// <summary>The close code as it is on the wire.</summary>
    public int CloseCode => Payload.Length switch
    {
        0 => NoCode,
        1 => HalfCode,
        _ => (Payload[0] << 8) | Payload[1],
    };
}
