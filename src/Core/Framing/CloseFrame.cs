using System.Buffers.Binary;
using System.Text;

namespace MessageWebSockets.Framing;

/// <summary>Reads the payload of a close frame (RFC 6455 section 5.5.1).</summary>
internal static class CloseFrame
{
    /// <summary>The codes that <see cref="ProblemOf"/> lets pass, in words.</summary>
    public const string Sendable = "1000 to 1003, 1007 to 1014, or 3000 to 4999";

    /// <summary>Whether a close frame may hold this code (RFC 6455 section 7.4); IANA registered 1012 to 1014 after the RFC.</summary>
    public static bool MaySay(ushort code) => ProblemOf(code) is null;

    /// <summary>Why a close frame may not hold this code; null where it may.</summary>
    public static string? ProblemOf(int code) => code switch
    {
        < 1000 => "codes below 1000 are not used",
        1005 or 1006 or 1015 => "it only reports that a code is missing and is never sent",
        1004 => "it is reserved",
        >= 1016 and <= 2999 => "codes from 1016 to 2999 are reserved",
        >= 5000 => "codes end at 4999",
        _ => null,
    };

    /// <summary>Refuses what no close frame may announce: its length shows that there is half a close code in it.</summary>
    /// <exception cref="ProtocolViolationException">It does.</exception>
    public static void CheckLength(long payloadLength)
    {
        if (payloadLength == 1)
        {
            throw new ProtocolViolationException(
                ProtocolViolationException.ProtocolError, "it sent a close frame with half a close code (RFC 6455 section 5.5.1).");
        }
    }

    /// <summary>The code and the reason; 1005 for an empty frame.</summary>
    /// <param name="payload">The payload, of a length that was checked.</param>
    /// <exception cref="ProtocolViolationException">It is none that a peer may send.</exception>
    public static WebSocketCloseResult Read(ReadOnlySpan<byte> payload)
    {
        if (payload.Length == 0)
        {
            return new WebSocketCloseResult(1005, "");
        }

        ushort code = BinaryPrimitives.ReadUInt16BigEndian(payload);
        if (!MaySay(code))
        {
            throw new ProtocolViolationException(
                ProtocolViolationException.ProtocolError, $"it sent the close code {code}, which must not be sent (RFC 6455 section 7.4).");
        }

        try
        {
            return new WebSocketCloseResult(code, StrictUtf8.Encoding.GetString(payload[2..]));
        }
        catch (DecoderFallbackException e)
        {
            throw new ProtocolViolationException(
                ProtocolViolationException.InvalidData, "it sent a close reason that is not UTF-8 (RFC 6455 section 5.5.1).", e);
        }
    }
}
