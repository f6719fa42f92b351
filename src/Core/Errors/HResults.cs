namespace MessageWebSockets.Errors;

/// <summary>The HRESULTs this library reports, one for each cause that a script may want to tell apart.</summary>
internal static class HResults
{
    /// <summary>RO_E_CLOSED: the object was closed.</summary>
    internal const int Closed = unchecked((int)0x80000013);

    /// <summary>E_ILLEGAL_METHOD_CALL: the call does not fit the state of the object.</summary>
    internal const int IllegalMethodCall = unchecked((int)0x8000000E);

    /// <summary>E_BOUNDS: a read past the end of the data.</summary>
    internal const int Bounds = unchecked((int)0x8000000B);

    /// <summary>E_INVALIDARG.</summary>
    internal const int InvalidArgument = unchecked((int)0x80070057);

    /// <summary>ERROR_NO_UNICODE_TRANSLATION: bytes or characters that have no counterpart in the other encoding.</summary>
    internal const int NoUnicodeTranslation = unchecked((int)0x80070459);

    /// <summary>COR_E_IO: what has no number of its own.</summary>
    internal const int Other = unchecked((int)0x80131620);

    /// <summary>ERROR_INTERNET_NAME_NOT_RESOLVED.</summary>
    internal const int NameNotResolved = unchecked((int)0x80072EE7);

    /// <summary>ERROR_INTERNET_CANNOT_CONNECT: refused, or no route.</summary>
    internal const int CannotConnect = unchecked((int)0x80072EFD);

    /// <summary>ERROR_INTERNET_TIMEOUT: the connect, the close or the keep-alive took too long.</summary>
    internal const int Timeout = unchecked((int)0x80072EE2);

    /// <summary>ERROR_INTERNET_CONNECTION_ABORTED: TCP ended without a close frame.</summary>
    internal const int ConnectionAborted = unchecked((int)0x80072EFE);

    /// <summary>ERROR_INTERNET_CONNECTION_RESET.</summary>
    internal const int ConnectionReset = unchecked((int)0x80072EFF);

    /// <summary>ERROR_INTERNET_OPERATION_CANCELLED.</summary>
    internal const int OperationCanceled = unchecked((int)0x80072EF1);

    /// <summary>ERROR_HTTP_INVALID_SERVER_RESPONSE: not HTTP, a wrong Sec-WebSocket-Accept, or a breach of RFC 6455.</summary>
    internal const int InvalidServerResponse = unchecked((int)0x80072F78);

    /// <summary>ERROR_INTERNET_SEC_CERT_CN_INVALID: the certificate is for another name.</summary>
    internal const int CertificateName = unchecked((int)0x80072F06);

    /// <summary>ERROR_INTERNET_SEC_CERT_DATE_INVALID.</summary>
    internal const int CertificateDate = unchecked((int)0x80072F05);

    /// <summary>ERROR_INTERNET_INVALID_CA: untrusted root, or an incomplete chain.</summary>
    internal const int CertificateAuthority = unchecked((int)0x80072F0D);

    /// <summary>ERROR_INTERNET_SEC_CERT_REVOKED.</summary>
    internal const int CertificateRevoked = unchecked((int)0x80072F8A);

    /// <summary>ERROR_INTERNET_SEC_INVALID_CERT: several or other errors, or rejected by the handler or a pin.</summary>
    internal const int CertificateInvalid = unchecked((int)0x80072F89);

    /// <summary>ERROR_INTERNET_SECURE_CHANNEL: the TLS handshake failed for another reason than the certificate.</summary>
    internal const int SecureChannel = unchecked((int)0x80072F7D);

    /// <summary>ERROR_HTTP_REDIRECT_FAILED: too many redirects.</summary>
    internal const int RedirectFailed = unchecked((int)0x80072F7C);

    /// <summary>WSAEMSGSIZE: an incoming message is larger than MaxMessageSize.</summary>
    internal const int MessageTooLarge = unchecked((int)0x80072738);

    /// <summary>The first of the HRESULTs that carry an HTTP status in their low 16 bits (FACILITY_HTTP).</summary>
    internal const int HttpStatusBase = unchecked((int)0x80190000);

    /// <summary>The HRESULT for an HTTP status that answered the handshake instead of 101.</summary>
    /// <param name="status">The three-digit HTTP status.</param>
    internal static int FromHttpStatus(int status) => HttpStatusBase | (status & 0xFFFF);
}
