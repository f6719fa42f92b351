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
        new("frame-length-top-bit", TopBit) { IsSilent = true },
        new("life-ping", OtherPong),
        new("life-ping-in-message", NoPongInMessage) { IsSilent = true },
        new("life-close-answered", NoCloseAnswer) { IsSilent = true },
        new("life-tcp-end", NoTcpEnd) { IsSilent = true },
    ];

    /// <exception cref="ArgumentException">There is no such mistake.</exception>
    public static Mistake Named(string what) =>
        All.FirstOrDefault(mistake => mistake.What == what) ?? throw new ArgumentException($"There is no mistake called {what}.", nameof(what));
}
