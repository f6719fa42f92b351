namespace MessageWebSockets.Errors;

/// <summary>The peer sent what a peer must refuse; the connection turns it into the error of the contract.</summary>
/// <param name="closeCode">What to tell the peer (RFC 6455 section 7.4.1).</param>
/// <param name="message">What was wrong.</param>
/// <param name="cause">What found it, if it is not the thrower.</param>
internal sealed class ProtocolViolationException(ushort closeCode, string message, Exception? cause = null) : Exception(message, cause)
{
    public const ushort ProtocolError = 1002;

    /// <summary>Data that is not what its message type says.</summary>
    public const ushort InvalidData = 1007;

    public ushort CloseCode { get; } = closeCode;

    /// <summary>RFC 6455 section 8.1.</summary>
    public static ProtocolViolationException InvalidText() =>
        new(InvalidData, "it sent text that is not UTF-8 (RFC 6455 section 8.1).");
}
