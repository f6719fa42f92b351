using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets;

/// <summary>The settings of a <see cref="WebSocketEchoServer"/>; read when it starts.</summary>
public sealed class WebSocketEchoServerOptions
{
    /// <summary>A name for people; empty by default.</summary>
    public string Name { get; set; } = "";

    /// <summary>The address to listen on: this machine alone (127.0.0.1) by default.</summary>
    public IPAddress Address { get; set; } = IPAddress.Loopback;

    /// <summary>The port, 0 to 65535; 0, the default, lets the system choose a free one.</summary>
    public int Port { get; set; }

    /// <summary>The path that clients have to ask for, beginning with /; null, the default, for any.</summary>
    public string? Path { get; set; }

    /// <summary>The subprotocols the server speaks. Of those a client offers, the first that is among them is agreed on.</summary>
    public IList<string> SubProtocols { get; } = [];

    /// <summary>
    /// The origins whose pages may connect, such as <c>https://host</c>, or <c>*</c> for all. Requests of browsers name an origin, and
    /// are refused by default; other clients do so only if they are told to. <c>null</c> is the origin of pages that have none, such as
    /// files. What no browser can send is refused when the server starts.
    /// </summary>
    public IList<string> AllowedOrigins { get; } = [];

    /// <summary>The certificate for wss, with its private key; null, the default, for ws.</summary>
    public X509Certificate2? Certificate { get; set; }

    /// <summary>
    /// Whether each message, or what the handler makes of it, goes to every client, its sender included; else to its sender alone.
    /// </summary>
    public bool Broadcast { get; set; }

    /// <summary>Answers messages; null, the default, for their echo.</summary>
    public WebSocketEchoHandler? Handler { get; set; }

    /// <summary>
    /// The most bytes of a message, 1 or more, 16 MiB by default. A longer one costs its sender the connection (close code 1009).
    /// </summary>
    public int MaxMessageSize { get; set; } = 16 * 1024 * 1024;

    /// <summary>The most clients at once, 1 or more, 256 by default. One more is refused with the HTTP status 503.</summary>
    public int MaxConnections { get; set; } = 256;

    /// <summary>
    /// How long a client may take for TLS and its request, 10 seconds by default; <see cref="Timeout.InfiniteTimeSpan"/> for as long as
    /// it likes, whereby 64 that say nothing keep everybody else out.
    /// </summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a client may be silent before its connection is closed (close code 1001); <see cref="Timeout.InfiniteTimeSpan"/>, the
    /// default, for as long as it likes. A client is silent when no byte comes from it, not even a ping or pong, it takes none that are
    /// sent to it, and no message of it is being worked on. How much it has taken of what the system accepted for it is known on Linux
    /// only; elsewhere one that reads a long message more slowly than the send buffer empties may need a longer time.
    /// </summary>
    public TimeSpan IdleTimeout { get; set; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// How many bytes may wait for one client, 1 or more, 16 MiB by default. Beyond that nothing more is read from a client that does
    /// not read its answers, and a broadcast waits for it (see <see cref="SlowClientTimeout"/>).
    /// </summary>
    public long QueueLimit { get; set; } = 16 * 1024 * 1024;

    /// <summary>
    /// How long a broadcast waits for a client that takes nothing while <see cref="QueueLimit"/> bytes wait for it, 10 seconds by
    /// default; then the client is dropped (close code 1008). One that reads is waited for. The system takes what is sent in
    /// pieces of up to about 100 KB, so that a client that reads less than 10 KB a second may count as one that takes nothing.
    /// </summary>
    public TimeSpan SlowClientTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// What the server agrees to of permessage-deflate (RFC 7692); null, the default, for no compression. Clients that do not offer it
    /// are served without. The size of compressed messages gives away secrets that stand beside text that others choose.
    /// </summary>
    public WebSocketDeflateOptions? Compression { get; set; }

    /// <summary>Checks the settings and copies them, so that later changes have no effect.</summary>
    /// <exception cref="ArgumentException">One of them cannot be.</exception>
    internal WebSocketEchoServerOptions Checked()
    {
        ArgumentNullException.ThrowIfNull(Address);
        ArgumentOutOfRangeException.ThrowIfNegative(Port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Port, IPEndPoint.MaxPort);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxMessageSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxMessageSize, Array.MaxLength);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxConnections, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(QueueLimit, 1);
        CheckTime(HandshakeTimeout, mayBeInfinite: true, nameof(HandshakeTimeout));
        CheckTime(IdleTimeout, mayBeInfinite: true, nameof(IdleTimeout));
        CheckTime(SlowClientTimeout, mayBeInfinite: false, nameof(SlowClientTimeout));
        if (SubProtocols.Where(static protocol => protocol is null || !HttpToken.IsValid(protocol)).Take(1).ToArray() is [var invalid])
        {
            throw new ArgumentException(
                $"'{PeerText.Clean(invalid ?? "")}' is no subprotocol name: a name is made of ASCII letters, digits and !#$%&'*+-.^_`|~.");
        }

        CheckCertificate(Certificate);
        WebSocketEchoServerOptions copy = new()
        {
            Name = Name ?? "",
            Address = Address,
            Port = Port,
            Path = Path is null ? null : Escaped(Path),
            Certificate = Certificate,
            Broadcast = Broadcast,
            Handler = Handler,
            MaxMessageSize = MaxMessageSize,
            MaxConnections = MaxConnections,
            HandshakeTimeout = HandshakeTimeout,
            QueueLimit = QueueLimit,
            IdleTimeout = IdleTimeout,
            SlowClientTimeout = SlowClientTimeout,
            Compression = Compression is null ? null : new WebSocketDeflateOptions
            {
                ClientMaxWindowBits = Compression.ClientMaxWindowBits,
                ServerMaxWindowBits = Compression.ServerMaxWindowBits,
                ClientContextTakeover = Compression.ClientContextTakeover,
                ServerContextTakeover = Compression.ServerContextTakeover,
            },
        };
        foreach (string protocol in SubProtocols)
        {
            copy.SubProtocols.Add(protocol);
        }

        foreach (string origin in AllowedOrigins)
        {
            copy.AllowedOrigins.Add(AsBrowsersSend(origin));
        }

        return copy;
    }

    // What can match no request is a mistake, and one that nobody would notice: the pages that were meant are refused.
    private static string AsBrowsersSend(string? origin) => origin switch
    {
        null => throw new ArgumentException("An allowed origin is null."),
        "*" or "null" => origin,
        _ when WebOrigin.TryParse(origin, out WebOrigin? parsed) => parsed.ToString(),
        _ => throw new ArgumentException(
            $"'{PeerText.Clean(origin)}' of AllowedOrigins is no origin; write it as https://host or https://host:port, or * for all."),
    };

    private static void CheckCertificate(X509Certificate2? certificate)
    {
        if (ConnectArguments.IsDisposed(certificate))
        {
            throw new ArgumentException("The certificate of the server was disposed of.");
        }

        if (certificate is { HasPrivateKey: false })
        {
            throw new ArgumentException($"The certificate {PeerText.Clean(certificate.Subject)} has no private key, which a server needs.");
        }
    }

    // What a timer can be set to.
    private static void CheckTime(TimeSpan value, bool mayBeInfinite, string name)
    {
        if (value != Timeout.InfiniteTimeSpan || !mayBeInfinite)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.FromMilliseconds(1), name);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromMilliseconds(int.MaxValue), name);
        }
    }

    // As clients send it.
    private static string Escaped(string path) =>
        path.StartsWith('/') && !path.Contains('?') && !path.Contains('#')
        && Uri.TryCreate("ws://localhost" + path, UriKind.Absolute, out Uri? address)
            ? address.AbsolutePath
            : throw new ArgumentException($"'{PeerText.Clean(path)}' is no path: a path begins with / and has neither ? nor #.");
}
