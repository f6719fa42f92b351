using System.Buffers.Binary;
using System.Text;

namespace MessageWebSockets.TestServer;

/// <summary>One frame as it was on the wire. <paramref name="Payload"/> is unmasked, <paramref name="RawBytes"/> is not.</summary>
public sealed record RawFrame(FrameOpcode Opcode, bool Fin, int Rsv, bool Masked, byte[] Payload, byte[] RawBytes)
{
    public string Text => Encoding.UTF8.GetString(Payload);

    /// <summary>The code of a close frame; null for an empty one and for every other frame.</summary>
    public ushort? CloseCode =>
        Opcode == FrameOpcode.Close && Payload.Length >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(Payload) : null;

    public string CloseReason => CloseCode is null ? "" : Encoding.UTF8.GetString(Payload.AsSpan(2));
}
