namespace MessageWebSockets.Framing;

/// <summary>Writes the control frames that the framing above cannot send (RFC 6455 section 5.5).</summary>
internal static class ControlFrame
{
    /// <summary>The longest payload of a control frame, in bytes.</summary>
    public const int MaxPayload = 125;

    /// <summary>A final frame, not masked yet: <see cref="OutboundFrames"/> masks what goes out.</summary>
    public static byte[] Create(FrameOpcode opcode, ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[2 + payload.Length];
        frame[0] = (byte)(0x80 | (int)opcode);
        frame[1] = (byte)payload.Length;
        payload.CopyTo(frame.AsSpan(2));
        return frame;
    }
}
