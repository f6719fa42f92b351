using System.Buffers.Binary;
using System.Text.Unicode;

namespace MessageWebSockets.Server;

/// <summary>Why a connection is to be closed.</summary>
/// <param name="Code">The close code to send.</param>
/// <param name="Reason">The reason to send, at most 123 bytes of ASCII.</param>
internal sealed record ConnectionEnd(ushort Code, string Reason)
{
    public const ushort Normal = 1000;
    public const ushort GoingAway = 1001;
    public const ushort ProtocolError = 1002;
    public const ushort InvalidPayload = 1007;
    public const ushort PolicyViolation = 1008;
    public const ushort MessageTooBig = 1009;
    public const ushort InternalError = 1011;

    /// <summary>The end that a client's close frame asks for, or its fault (RFC 6455 sections 5.5.1 and 7.4).</summary>
    /// <param name="payload">The payload of the close frame, not masked.</param>
    public static ConnectionEnd AskedFor(ReadOnlySpan<byte> payload)
    {
        if (payload.Length == 0)
        {
            return new ConnectionEnd(Normal, "");
        }

        if (payload.Length == 1)
        {
            return new ConnectionEnd(ProtocolError, "A close frame with half a close code (RFC 6455 section 5.5.1).");
        }

        ushort code = BinaryPrimitives.ReadUInt16BigEndian(payload);
        if (!CloseFrame.MaySay(code))
        {
            return new ConnectionEnd(ProtocolError, $"The close code {code}, which must not be sent (RFC 6455 section 7.4).");
        }

        return Utf8.IsValid(payload[2..])
            ? new ConnectionEnd(code, "")
            : new ConnectionEnd(InvalidPayload, "A close reason that is not UTF-8 (RFC 6455 section 5.5.1).");
    }
}
