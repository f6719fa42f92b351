using System.Net;

namespace MessageWebSockets;

/// <summary>
/// A connection could not be made, or ended abnormally. <see cref="Status"/> says why, <see cref="Exception.HResult"/> is the number
/// the reference class would report; for a failed handshake the server's response is attached.
/// </summary>
public sealed class MessageWebSocketException : IOException
{
    private readonly WebErrorStatus? _statedStatus;

    /// <summary>Creates an exception without details.</summary>
    public MessageWebSocketException()
    {
    }

    /// <summary>Creates an exception with a message.</summary>
    /// <param name="message">What failed, with which peer, and what to try.</param>
    public MessageWebSocketException(string? message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with a message and its cause.</summary>
    /// <param name="message">What failed, with which peer, and what to try.</param>
    /// <param name="innerException">The cause.</param>
    public MessageWebSocketException(string? message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Creates an exception with a message, an HRESULT and its cause.</summary>
    /// <param name="message">What failed, with which peer, and what to try.</param>
    /// <param name="hresult">The HRESULT; <see cref="Status"/> follows from it.</param>
    /// <param name="innerException">The cause, if another exception is it.</param>
    public MessageWebSocketException(string? message, int hresult, Exception? innerException = null)
        : base(message, innerException)
    {
        HResult = hresult;
    }

    /// <summary>
    /// What went wrong: what <see cref="WebSocketError.GetStatus"/> gives for the HRESULT, unless it was stated when the exception
    /// was made (one HRESULT stands for both a certificate with errors and a rejected one).
    /// </summary>
    public WebErrorStatus Status
    {
        get => _statedStatus ?? WebSocketError.GetStatus(HResult);
        init => _statedStatus = value;
    }

    /// <summary>The server the connection was for, never with a user name or password; null if it is not known.</summary>
    public Uri? PeerUri
    {
        get;
        init => field = WithoutUserInfo(value);
    }

    /// <summary>Whether the server agreed to none of the subprotocols, one of which the caller asked for.</summary>
    internal bool IsSubProtocolRefused { get; init; }

    /// <summary>Whether the message says that the peer closed the connection in order, and how.</summary>
    internal bool IsClosedByPeer { get; init; }

    /// <summary>The HTTP status that answered the handshake; null unless a handshake failed with a response.</summary>
    public HttpStatusCode? HttpStatusCode { get; init; }

    /// <summary>The headers of the response to a failed handshake; null unless a handshake failed with a response.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? ResponseHeaders { get; init; }

    /// <summary>The body of the response to a failed handshake, as text and at most 64 KiB of it; else null.</summary>
    public string? ResponseBody { get; init; }

    /// <summary><see cref="ResponseBody"/> without what the request had of secrets; empty for what is no text, null without one.</summary>
    internal string? ReadableBody { get; init; }

    /// <summary>
    /// How long the server asks to be left alone before the next try: the header Retry-After (RFC 9110 section 10.2.3) of the response
    /// to a failed handshake, a time of day counted from when the response came; never negative, and 49 days at most. Null without such a
    /// header.
    /// </summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>
    /// This exception itself. Code for the reference class asks <c>WebSocketError.GetStatus(ex.GetBaseException().HResult)</c>; what
    /// lies below is this platform's affair and has no HRESULT of that table. <see cref="Exception.InnerException"/> leads there.
    /// </summary>
    public override Exception GetBaseException() => this;

    /// <summary>The same error once more: one exception object thrown to several readers would mix their stack traces.</summary>
    internal MessageWebSocketException Again() => new(Message, HResult, this)
    {
        Status = Status,
        PeerUri = PeerUri,
        IsSubProtocolRefused = IsSubProtocolRefused,
        IsClosedByPeer = IsClosedByPeer,
        HttpStatusCode = HttpStatusCode,
        ResponseHeaders = ResponseHeaders,
        ResponseBody = ResponseBody,
        ReadableBody = ReadableBody,
        RetryAfter = RetryAfter,
    };

    // Exceptions end up in logs; a password in a ws://user:password@host address must not.
    private static Uri? WithoutUserInfo(Uri? uri) => uri is { IsAbsoluteUri: true, UserInfo.Length: > 0 }
        ? new Uri(uri.GetComponents(UriComponents.AbsoluteUri & ~UriComponents.UserInfo, UriFormat.UriEscaped))
        : uri;
}
