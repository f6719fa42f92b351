namespace MessageWebSockets.Errors;

/// <summary>The peer sent what a peer must refuse; the connection turns it into the error of the contract.</summary>
/// <param name="closeCode">What to tell the peer (RFC 6455 section 7.4.1).</param>
/// <param name="message">What was wrong.</param>
/// <param name="cause">What found it, if it is not the thrower.</param>
internal sealed class ProtocolViolationException(ushort closeCode, string message, Exception? cause = null) : Exception(message, cause)
{
    public const ushort ProtocolError = 1002;

    /// <summary>Data of a type that is not accepted.</summary>
    public const ushort UnacceptedData = 1003;

    /// <summary>Data that is not what its message type says.</summary>
    public const ushort InvalidData = 1007;

    public ushort CloseCode { get; } = closeCode;

    /// <summary>A text message where bytes are streamed (RFC 6455 section 7.4.1).</summary>
    public static ProtocolViolationException TextInStream() =>
        new(
            UnacceptedData,
            "it sent a text message, and a stream carries binary ones only. "
            + "A gateway that sends base64 as text has to be told to speak binary.");

    /// <summary>RFC 6455 section 8.1.</summary>
    public static ProtocolViolationException InvalidText() =>
        new(InvalidData, "it sent text that is not UTF-8 (RFC 6455 section 8.1).");
}
