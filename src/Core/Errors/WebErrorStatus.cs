namespace MessageWebSockets;

/// <summary>
/// What went wrong with a connection, in the numbers of Windows.Web.WebErrorStatus: scripts that compare
/// numbers keep working. From 300 on the number is the HTTP status that answered the handshake.
/// </summary>
public enum WebErrorStatus
{
    /// <summary>An unknown error has occurred.</summary>
    Unknown = 0,

    /// <summary>The name in the server certificate does not match the host name.</summary>
    CertificateCommonNameIsIncorrect = 1,

    /// <summary>The server certificate is outside its validity period.</summary>
    CertificateExpired = 2,

    /// <summary>The server certificate contains errors.</summary>
    CertificateContainsErrors = 3,

    /// <summary>The server certificate has been revoked.</summary>
    CertificateRevoked = 4,

    /// <summary>The server certificate is invalid, or was rejected.</summary>
    CertificateIsInvalid = 5,

    /// <summary>The server does not answer.</summary>
    ServerUnreachable = 6,

    /// <summary>The connection has timed out.</summary>
    Timeout = 7,

    /// <summary>The server sent a response that breaks HTTP or the WebSocket protocol.</summary>
    ErrorHttpInvalidServerResponse = 8,

    /// <summary>The connection ended without a close frame.</summary>
    ConnectionAborted = 9,

    /// <summary>The peer reset the connection.</summary>
    ConnectionReset = 10,

    /// <summary>The connection was ended.</summary>
    Disconnected = 11,

    /// <summary>The redirection goes from an unencrypted to an encrypted address.</summary>
    HttpToHttpsOnRedirection = 12,

    /// <summary>The redirection goes from an encrypted to an unencrypted address.</summary>
    HttpsToHttpOnRedirection = 13,

    /// <summary>The connection could not be made.</summary>
    CannotConnect = 14,

    /// <summary>The host name could not be resolved.</summary>
    HostNameNotResolved = 15,

    /// <summary>The operation was cancelled.</summary>
    OperationCanceled = 16,

    /// <summary>The redirection failed, for instance because there were too many of them.</summary>
    RedirectFailed = 17,

    /// <summary>An HTTP status outside every other class was received.</summary>
    UnexpectedStatusCode = 18,

    /// <summary>A redirection (3xx) was received that has no member of its own here.</summary>
    UnexpectedRedirection = 19,

    /// <summary>A client error (4xx) was received that has no member of its own here.</summary>
    UnexpectedClientError = 20,

    /// <summary>A server error (5xx) was received that has no member of its own here; also a message larger than allowed.</summary>
    UnexpectedServerError = 21,

    /// <summary>The server does not support ranges as the request needs them.</summary>
    InsufficientRangeSupport = 22,

    /// <summary>The response lacks the content length that the request needs.</summary>
    MissingContentLengthSupport = 23,

    /// <summary>HTTP status 300: several representations are available.</summary>
    MultipleChoices = 300,

    /// <summary>HTTP status 301: the resource has a new permanent address.</summary>
    MovedPermanently = 301,

    /// <summary>HTTP status 302: the resource is temporarily at another address.</summary>
    Found = 302,

    /// <summary>HTTP status 303: the response is to be fetched from another address.</summary>
    SeeOther = 303,

    /// <summary>HTTP status 304: the resource has not changed.</summary>
    NotModified = 304,

    /// <summary>HTTP status 305: the resource is to be reached through a proxy.</summary>
    UseProxy = 305,

    /// <summary>HTTP status 307: the resource is temporarily at another address and the method stays the same.</summary>
    TemporaryRedirect = 307,

    /// <summary>HTTP status 400: the server did not understand the request.</summary>
    BadRequest = 400,

    /// <summary>HTTP status 401: the request needs authentication.</summary>
    Unauthorized = 401,

    /// <summary>HTTP status 402: payment is required.</summary>
    PaymentRequired = 402,

    /// <summary>HTTP status 403: the server refuses the request.</summary>
    Forbidden = 403,

    /// <summary>HTTP status 404: there is nothing at this address.</summary>
    NotFound = 404,

    /// <summary>HTTP status 405: the method is not allowed at this address.</summary>
    MethodNotAllowed = 405,

    /// <summary>HTTP status 406: no representation is acceptable to the request.</summary>
    NotAcceptable = 406,

    /// <summary>HTTP status 407: the proxy needs authentication.</summary>
    ProxyAuthenticationRequired = 407,

    /// <summary>HTTP status 408: the request took too long to arrive.</summary>
    RequestTimeout = 408,

    /// <summary>HTTP status 409: the request conflicts with the state of the resource.</summary>
    Conflict = 409,

    /// <summary>HTTP status 410: the resource was removed for good.</summary>
    Gone = 410,

    /// <summary>HTTP status 411: the request needs a content length.</summary>
    LengthRequired = 411,

    /// <summary>HTTP status 412: a precondition of the request does not hold.</summary>
    PreconditionFailed = 412,

    /// <summary>HTTP status 413: the request body is too large.</summary>
    RequestEntityTooLarge = 413,

    /// <summary>HTTP status 414: the request address is too long.</summary>
    RequestUriTooLong = 414,

    /// <summary>HTTP status 415: the media type of the request is not supported.</summary>
    UnsupportedMediaType = 415,

    /// <summary>HTTP status 416: the requested range cannot be served.</summary>
    RequestedRangeNotSatisfiable = 416,

    /// <summary>HTTP status 417: the expectation of the request cannot be met.</summary>
    ExpectationFailed = 417,

    /// <summary>HTTP status 500: the server failed.</summary>
    InternalServerError = 500,

    /// <summary>HTTP status 501: the server does not implement what the request needs.</summary>
    NotImplemented = 501,

    /// <summary>HTTP status 502: a gateway got an invalid response from the server behind it.</summary>
    BadGateway = 502,

    /// <summary>HTTP status 503: the server is overloaded or down for maintenance.</summary>
    ServiceUnavailable = 503,

    /// <summary>HTTP status 504: a gateway got no response in time from the server behind it.</summary>
    GatewayTimeout = 504,

    /// <summary>HTTP status 505: the server does not support the HTTP version of the request.</summary>
    HttpVersionNotSupported = 505,
}
