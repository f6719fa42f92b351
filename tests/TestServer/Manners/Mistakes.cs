namespace MessageWebSockets.TestServer;

/// <summary>One server made wrong on purpose for each check of Test-WsServer, by name.</summary>
public static class Mistakes
{
    public const string AnyVersion = "takes any version";
    public const string NoVersionHeader = "refuses a version without telling its own";
    public const string NoKey = "takes a request without a key";
    public const string ShortKey = "takes a short key";
    public const string AnyMethod = "takes any method";
    public const string Http10 = "upgrades HTTP/1.0";
    public const string WrongAccept = "answers with another Sec-WebSocket-Accept";
    public const string UnaskedProtocol = "answers with a subprotocol of its own";
    public const string AnyExtension = "agrees to any extension";
    public const string TwoHosts = "takes two Host headers";
    public const string LargeHeader = "takes a large header";
    public const string PlainTransport = "is reached without TLS";
    public const string OldTls = "agrees to TLS 1.1";
    public const string ExpiredCertificate = "has an expired certificate";
    public const string OtherName = "has a certificate for another name";
    public const string LastDays = "has a certificate that expires soon";
    public const string PlainToo = "serves plain ws at the port of wss";
    public const string AnyOrigin = "takes any origin of a page";
    public const string NullOrigin = "takes the origin null";
    public const string OriginPrefix = "compares the beginning of an origin";
    public const string OriginSuffix = "compares the end of an origin";
    public const string OriginPattern = "compares an origin with a pattern";
    public const string OriginScheme = "compares the host of an origin alone";
    public const string NoCredentials = "lets in without credentials";
    public const string Version = "tells its version";
    public const string CookieCompression = "compresses beside a cookie";
    public const string CredentialCompression = "compresses beside credentials";
    public const string InsecureCookie = "sets a cookie without Secure";
    public const string ScriptCookie = "sets a cookie without HttpOnly";
    public const string CrossSiteCookie = "sets a cookie without SameSite";
    public const string DeadClients = "keeps clients that answer no ping";
    public const string Crowd = "serves nobody when many are connected";
    public const string Unmasked = "takes frames without a mask";
    public const string ReservedBits = "takes reserved bits";
    public const string ReservedOpcode = "passes over reserved opcodes";
    public const string FragmentedControl = "takes fragmented control frames";
    public const string LongControl = "takes long control frames";
    public const string LoneContinuation = "passes over a continuation of nothing";
    public const string MessageInMessage = "takes a message inside a message";
    public const string Utf8 = "takes text that is not UTF-8";
    public const string SplitUtf8 = "takes fragmented text that is not UTF-8";
    public const string AnyCloseCode = "sends any close code back";
    public const string OneCloseCodeFewPongs = "sends close code 5000 back, and answers no ping behind a ping";
    public const string TopBit = "waits for a frame of 2^63 bytes";
    public const string OtherPong = "answers a ping with another payload";
    public const string NoPongInMessage = "answers no ping inside a message";
    public const string NoCloseAnswer = "does not answer a close frame";
    public const string NoTcpEnd = "leaves TCP open after the close";
    public const string NoMessageLimit = "takes messages of any size";
    public const string Bomb = "inflates messages of any size";

    public static IReadOnlyList<Mistake> All { get; } =
    [
        new("handshake-version", AnyVersion),
        new("handshake-version", NoVersionHeader),
        new("handshake-key-missing", NoKey),
        new("handshake-key-short", ShortKey),
        new("handshake-method", AnyMethod),
        new("handshake-http10", Http10),
        new("handshake-accept", WrongAccept),
        new("handshake-subprotocol", UnaskedProtocol),
        new("handshake-extension", AnyExtension),
        new("handshake-two-hosts", TwoHosts),
        new("handshake-large-header", LargeHeader),
        new("tls-used", PlainTransport) { IsRemote = true },
        new("tls-floor", OldTls)
        {
            Tls = certificates => new RawTlsOptions(certificates.Server) { GoesWithout = MannersTls.AnswersOldHelloAsync },
        },
        new("certificate-valid", ExpiredCertificate) { Tls = certificates => new RawTlsOptions(certificates.Expired) },
        new("certificate-valid", OtherName) { Tls = certificates => new RawTlsOptions(certificates.WrongName) },
        new("certificate-days", LastDays) { Tls = certificates => new RawTlsOptions(certificates.LastDays) },
        new("plain-ws", PlainToo)
        {
            Tls = certificates => new RawTlsOptions(certificates.Server) { GoesWithout = MannersTls.IsPlainAsync },
        },
        new("origin-foreign", AnyOrigin),
        new("origin-null", NullOrigin),
        new("origin-lookalike", OriginPrefix),
        new("origin-lookalike", OriginSuffix),
        new("origin-lookalike", OriginPattern),
        new("origin-lookalike", OriginScheme),
        new("credentials-needed", NoCredentials) { WantsCredentials = true },
        new("server-version", Version),
        new("compression-secrets", CookieCompression),
        new("compression-secrets", CredentialCompression) { WantsCredentials = true },
        new("cookie-flags", InsecureCookie) { Tls = certificates => new RawTlsOptions(certificates.Server) },
        new("cookie-flags", ScriptCookie),
        new("cookie-flags", CrossSiteCookie),
        new("frame-unmasked", Unmasked),
        new("frame-reserved-bits", ReservedBits),
        new("frame-reserved-opcode", ReservedOpcode),
        new("frame-split-control", FragmentedControl),
        new("frame-long-control", LongControl),
        new("frame-continuation", LoneContinuation),
        new("frame-interleaved", MessageInMessage),
        new("frame-utf8", Utf8),
        new("frame-utf8-split", SplitUtf8),
        new("frame-close-codes", AnyCloseCode),
        new("frame-close-codes", OneCloseCodeFewPongs) { IsSilent = true },
        new("frame-length-top-bit", TopBit) { IsSilent = true },
        new("ping-answered", OtherPong),
        new("ping-in-message", NoPongInMessage) { IsSilent = true },
        new("close-answered", NoCloseAnswer) { IsSilent = true },
        new("close-tcp", NoTcpEnd) { IsSilent = true },
        new("idle-timeout", DeadClients),
        new("message-limit", NoMessageLimit),
        new("deflate-bomb", Bomb),
        new("idle-connections", Crowd) { IsSilent = true },
    ];

    /// <exception cref="ArgumentException">There is no such mistake.</exception>
    public static Mistake Named(string what) =>
        All.FirstOrDefault(mistake => mistake.What == what)
        ?? throw new ArgumentException($"There is no mistake called {what}.", nameof(what));
}
