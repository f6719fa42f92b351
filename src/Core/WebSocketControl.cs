using System.Net;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets;

/// <summary>
/// The settings that <see cref="MessageWebSocket"/> and <see cref="StreamWebSocket"/> have in common
/// (Windows.Networking.Sockets.IWebSocketControl2). Where a property says "before connect only", setting it later throws
/// <see cref="InvalidOperationException"/> (E_ILLEGAL_METHOD_CALL, 0x8000000E).
/// </summary>
public abstract class WebSocketControl
{
    private static readonly TimeSpan LongestInterval = TimeSpan.FromMilliseconds(int.MaxValue);

    private readonly BeforeConnectList<ChainValidationResult> _ignorableErrors;
    private bool _requireSubProtocol;
    private readonly BeforeConnectList<string> _pins;
    private readonly SocketState _socket;

    private uint? _outboundBufferSizeInBytes;
    private ICredentials? _serverCredential;
    private ICredentials? _proxyCredential;
    private X509Certificate2? _clientCertificate;
    private TimeSpan _unsolicitedPongInterval = TimeSpan.FromSeconds(30);
    private TimeSpan _keepAliveTimeout = TimeSpan.FromSeconds(15);
    private TimeSpan _connectTimeout = TimeSpan.FromSeconds(30);
    private TimeSpan _closeTimeout = TimeSpan.FromSeconds(5);
    private Uri? _proxy;
    private bool _useProxy = true;
    private string? _unixSocketPath;
    private WebSocketDeflateOptions? _compression;
    private CookieContainer? _cookies;
    private int _maximumRedirection;
    private SslProtocols _sslProtocols;
    private X509Certificate2Collection? _trustedRoots;
    private X509RevocationMode _revocationMode;
    private Version _httpVersion = System.Net.HttpVersion.Version11;

    private protected WebSocketControl(SocketState socket)
    {
        _socket = socket;
        _ignorableErrors = new BeforeConnectList<ChainValidationResult>(ThrowIfFrozen, CheckIgnorable);
        _pins = new BeforeConnectList<string>(ThrowIfFrozen, CheckPin);
    }

    /// <summary>
    /// The subprotocols to offer, preferred first (RFC 6455 section 1.9); any time, without effect after a connect.
    /// Each is a token without duplicates, checked at connect.
    /// </summary>
    public IList<string> SupportedProtocols { get; } = [];

    /// <summary>
    /// Whether a server that agrees to none of <see cref="SupportedProtocols"/> is refused, as the client may decide (RFC 6455 section
    /// 4.1 leaves it to the application); before connect only. Default: false, and <c>Information.Protocol</c> is empty then.
    /// </summary>
    public bool RequireSubProtocol { get => _requireSubProtocol; set => Set(ref _requireSubProtocol, value); }

    /// <summary>
    /// The size of the socket's send buffer (SO_SNDBUF) in bytes, 0 for the system's default; without effect after a connect.
    /// </summary>
    public uint OutboundBufferSizeInBytes
    {
        get => _outboundBufferSizeInBytes ?? 0;
        set => _outboundBufferSizeInBytes = value == 0 ? null : value;
    }

    /// <summary>Credentials for a server that answers 401; before connect only. They never follow a redirect to another host.</summary>
    /// <remarks>What an implementation of <see cref="ICredentials"/> throws comes out of ConnectAsync as it is; the connect may be tried
    /// again.</remarks>
    public ICredentials? ServerCredential { get => _serverCredential; set => Set(ref _serverCredential, value); }

    /// <summary>Credentials for a proxy that answers 407; before connect only.</summary>
    /// <remarks>As for <see cref="ServerCredential"/>, what an implementation throws comes out of ConnectAsync as it is.</remarks>
    public ICredentials? ProxyCredential { get => _proxyCredential; set => Set(ref _proxyCredential, value); }

    /// <summary>The certificate to present when the server asks for one; before connect only. It must have its private key.</summary>
    /// <exception cref="ArgumentException">The certificate has no private key, or was disposed of; a connect looks for the latter as well.
    /// </exception>
    public X509Certificate2? ClientCertificate
    {
        get => _clientCertificate;
        set
        {
            ConnectArguments.CheckClientCertificate(value);
            if (value is { HasPrivateKey: false })
            {
                throw new ArgumentException("A client certificate needs its private key; this one has none.", nameof(value));
            }

            Set(ref _clientCertificate, value);
        }
    }

    /// <summary>
    /// The errors of a server certificate to pass over; before connect only. Only Untrusted, Expired, IncompleteChain, WrongUsage,
    /// InvalidName, RevocationInformationMissing and RevocationFailure; adding another one throws <see cref="ArgumentException"/>.
    /// </summary>
    public IList<ChainValidationResult> IgnorableServerCertificateErrors => _ignorableErrors;

    /// <summary>
    /// How often to send something on its own so that nothing between us and the server forgets the connection; before connect only.
    /// An unsolicited pong as in the reference, or, when nothing arrived for the interval and <see cref="KeepAliveTimeout"/> is set,
    /// a ping (RFC 6455 sections 5.5.2 and 5.5.3), whatever that timeout is. Zero or infinite: off. Default: 30 s.
    /// </summary>
    public TimeSpan DesiredUnsolicitedPongInterval
    {
        get => _unsolicitedPongInterval;
        set => Set(ref _unsolicitedPongInterval, CheckInterval(value));
    }

    /// <summary>The interval that is in force: <see cref="TimeSpan.Zero"/> when off.</summary>
    public TimeSpan ActualUnsolicitedPongInterval => _unsolicitedPongInterval;

    /// <summary>
    /// How long a peer may give no sign of life after a keep-alive ping before the connection ends with
    /// <see cref="WebErrorStatus.Timeout"/>; before connect only. It counts from when the ping was written to the network, or from when
    /// the network stopped to take anything. Any byte that arrives is a sign of life, and any of ours that the peer takes; a receive loop
    /// that is held up by a full inbox, a handler or a filter is no silence. How much a peer has taken of what the system accepted is
    /// known on Linux only; elsewhere a peer that reads a long message more slowly than the send buffer empties may need a longer timeout.
    /// Zero or infinite: no ping is sent and no silence ends the connection. Default: 15 s.
    /// </summary>
    public TimeSpan KeepAliveTimeout { get => _keepAliveTimeout; set => Set(ref _keepAliveTimeout, CheckInterval(value)); }

    /// <summary>How long a connect may take in all; before connect only. Zero or infinite: no limit. Default: 30 s.</summary>
    public TimeSpan ConnectTimeout { get => _connectTimeout; set => Set(ref _connectTimeout, CheckInterval(value)); }

    /// <summary>
    /// How long <see cref="MessageWebSocket.CloseAsync"/> waits for the peer's close frame; before connect only. It counts from the call,
    /// and anew from whenever the peer took something of what was sent ahead of our close frame: one that is only slow gets that, and has
    /// its time to answer then. How much a peer has taken of what the system accepted is known on Linux only; elsewhere it counts from when
    /// the system last accepted something. Zero or infinite: no limit. Default: 5 s.
    /// </summary>
    public TimeSpan CloseTimeout { get => _closeTimeout; set => Set(ref _closeTimeout, CheckInterval(value)); }

    /// <summary>
    /// The proxy, as http://, https://, socks4://, socks4a:// or socks5://; before connect only. Null: the system's, see
    /// <see cref="UseProxy"/>.
    /// </summary>
    /// <exception cref="ArgumentException">Another scheme, or user information in the address (use
    /// <see cref="ProxyCredential"/>).</exception>
    public Uri? Proxy
    {
        get => _proxy;
        set
        {
            if (value is not null)
            {
                if (!value.IsAbsoluteUri || value.Scheme is not ("http" or "https" or "socks4" or "socks4a" or "socks5"))
                {
                    throw new ArgumentException(
                        "A proxy address begins with http://, https://, socks4://, socks4a:// or socks5://.", nameof(value));
                }

                if (value.UserInfo.Length > 0)
                {
                    throw new ArgumentException("The proxy address holds a user name; give it as ProxyCredential.", nameof(value));
                }
            }

            Set(ref _proxy, value);
        }
    }

    /// <summary>
    /// Whether a proxy is used at all; before connect only. With no <see cref="Proxy"/> it is the one of the system or the environment.
    /// </summary>
    public bool UseProxy { get => _useProxy; set => Set(ref _useProxy, value); }

    /// <summary>
    /// The path of a Unix domain socket to connect to in place of the address's host; before connect only. Null, the default, for none.
    /// </summary>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    public string? UnixSocketPath
    {
        get => _unixSocketPath;
        set
        {
            if (value is { Length: 0 })
            {
                throw new ArgumentException("The path of a socket is not empty; null stands for none.", nameof(value));
            }

            Set(ref _unixSocketPath, value);
        }
    }

    /// <summary>
    /// The permessage-deflate offer (RFC 7692); before connect only. Null, the default, offers none: where secrets stand beside text
    /// that an attacker chooses, compressed sizes give the secrets away.
    /// </summary>
    public WebSocketDeflateOptions? Compression { get => _compression; set => Set(ref _compression, value); }

    /// <summary>The cookies to send and to fill; before connect only. Null: none are sent or kept.</summary>
    public CookieContainer? Cookies { get => _cookies; set => Set(ref _cookies, value); }

    /// <summary>
    /// How many redirects a connect follows; before connect only. Default: 0, none. Never from wss to ws. Another origin gets no request
    /// headers, credentials and client certificate, and is offered no subprotocol that looks as if it carried a token;
    /// <see cref="MessageWebSocketControl.ConnectMessages"/> go wherever the last one led.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not within 0 to 50.</exception>
    public int MaximumRedirection
    {
        get => _maximumRedirection;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 50);
            Set(ref _maximumRedirection, value);
        }
    }

    /// <summary>The TLS versions to allow; before connect only. None, the default, lets the system choose.</summary>
    /// <exception cref="ArgumentException">The value allows a version below TLS 1.2.</exception>
    public SslProtocols SslProtocols
    {
        get => _sslProtocols;
        set
        {
            if ((value & ~(SslProtocols.Tls12 | SslProtocols.Tls13)) != 0)
            {
                throw new ArgumentException("Only TLS 1.2 and TLS 1.3 can be allowed; older versions are broken.", nameof(value));
            }

            Set(ref _sslProtocols, value);
        }
    }

    /// <summary>
    /// The roots this socket trusts in place of the system's, for a private certificate authority; before connect only. Of an empty
    /// collection none is trusted.
    /// </summary>
    /// <exception cref="ArgumentException">One of them was disposed of; a connect looks for that as well.</exception>
    public X509Certificate2Collection? TrustedRoots
    {
        get => _trustedRoots;
        set
        {
            ConnectArguments.CheckRoots(value);
            Set(ref _trustedRoots, value);
        }
    }

    /// <summary>Whether certificates are checked for revocation; before connect only. Default: NoCheck.</summary>
    /// <exception cref="ArgumentOutOfRangeException">E_INVALIDARG 0x80070057: no member of the enumeration.</exception>
    public X509RevocationMode RevocationMode
    {
        get => _revocationMode;
        set
        {
            ContractError.ThrowIfUndefined(value, nameof(value));
            Set(ref _revocationMode, value);
        }
    }

    /// <summary>
    /// SHA-256 hashes of acceptable server certificates as 64 hexadecimal digits (colons and spaces are passed over); before connect
    /// only. When there are any, a certificate must match one of them in addition to being valid.
    /// </summary>
    public IList<string> PinnedCertificateSha256 => _pins;

    /// <summary>1.1, or 2.0 for the extended CONNECT of RFC 8441; before connect only. Default: 1.1.</summary>
    /// <remarks>
    /// Over 2.0 the end of TCP, or of the stream by RST_STREAM, overtakes what came before it and was not read yet: the framework tells it
    /// first. A server that ends with END_STREAM (RFC 9113 section 6.1) loses nothing.
    /// </remarks>
    /// <exception cref="ArgumentException">Another version.</exception>
    public Version HttpVersion
    {
        get => _httpVersion;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            if (value != System.Net.HttpVersion.Version11 && value != System.Net.HttpVersion.Version20)
            {
                throw new ArgumentException($"A WebSocket is opened over HTTP 1.1 or 2.0, not {value}.", nameof(value));
            }

            Set(ref _httpVersion, value);
        }
    }

    /// <summary>
    /// Told of every frame header that passes, one at a time and in order, on a thread of the pool; any time. What it throws is reported
    /// through <see cref="System.Diagnostics.Trace"/>. A trace that is more than 65,536 frames behind misses some.
    /// </summary>
    public IProgress<FrameTraceEntry>? FrameTrace { get => Frames.Trace; set => Frames.Trace = value; }

    /// <summary>TCP_NODELAY.</summary>
    private protected virtual bool SendsSmallWritesAtOnce => true;

    /// <summary>Where frames are noted for <see cref="FrameTrace"/>.</summary>
    internal FrameTraces Frames { get; } = new();

    /// <summary>The settings of one connect, copied.</summary>
    /// <param name="uri">The address, for messages.</param>
    /// <param name="socketClass">The name of the socket's class, for messages.</param>
    /// <param name="handshake">Those of the handshake.</param>
    internal ConnectSettings ForConnect(Uri uri, string socketClass, HandshakeSettings handshake) =>
        new(_connectTimeout, handshake, ForConnection(uri, socketClass));

    /// <summary>The settings of one connection, copied.</summary>
    internal virtual ConnectionSettings ForConnection(Uri uri, string socketClass) => new()
    {
        Uri = uri,
        SocketClass = socketClass,
        KeepAliveInterval = ActualUnsolicitedPongInterval,
        KeepAliveTimeout = _keepAliveTimeout,
        CloseTimeout = _closeTimeout,
        Frames = Frames,
    };

    /// <summary>The settings of one handshake, copied.</summary>
    /// <exception cref="ArgumentException">A certificate was disposed of.</exception>
    internal HandshakeSettings ForHandshake(
        RequestHeaders requestHeaders,
        IReadOnlyList<string> protocols,
        Func<HandshakeFindings, CancellationToken, Task<bool>>? customValidation)
    {
        ConnectArguments.CheckClientCertificate(_clientCertificate);
        ConnectArguments.CheckRoots(_trustedRoots);
        return new HandshakeSettings
        {
            RequestHeaders = requestHeaders.Copy(),
            Protocols = protocols,
            RequiresProtocol = _requireSubProtocol,
            CustomValidation = customValidation,
            HttpVersion = _httpVersion,
            Compression = Copy(_compression),
            MaximumRedirection = _maximumRedirection,
            Cookies = _cookies,
            ServerCredential = _serverCredential,
            UseProxy = _useProxy,
            Proxy = _proxy,
            ProxyCredential = _proxyCredential,
            UnixSocketPath = _unixSocketPath,
            OutboundBufferSizeInBytes = OutboundBufferSizeInBytes,
            NoDelay = SendsSmallWritesAtOnce,
            ClientCertificate = _clientCertificate,
            IgnorableServerCertificateErrors = [.. _ignorableErrors],
            PinnedCertificateSha256 = [.. _pins],
            SslProtocols = _sslProtocols,
            TrustedRoots = _trustedRoots is null ? null : [.. _trustedRoots],
            RevocationMode = _revocationMode,
        };
    }

    private static WebSocketDeflateOptions? Copy(WebSocketDeflateOptions? options) => options is null ? null : new()
    {
        ClientContextTakeover = options.ClientContextTakeover,
        ClientMaxWindowBits = options.ClientMaxWindowBits,
        ServerContextTakeover = options.ServerContextTakeover,
        ServerMaxWindowBits = options.ServerMaxWindowBits,
    };

    private protected static void AddTo<T>(ICollection<T> target, IEnumerable<T> items)
    {
        foreach (T item in items)
        {
            target.Add(item);
        }
    }

    internal void CopyTo(WebSocketControl other)
    {
        AddTo(other.SupportedProtocols, SupportedProtocols);
        AddTo(other._ignorableErrors, _ignorableErrors);
        AddTo(other._pins, _pins);

        other._outboundBufferSizeInBytes = _outboundBufferSizeInBytes;
        other._serverCredential = _serverCredential;
        other._proxyCredential = _proxyCredential;
        other._clientCertificate = _clientCertificate;
        other._unsolicitedPongInterval = _unsolicitedPongInterval;
        other._keepAliveTimeout = _keepAliveTimeout;
        other._connectTimeout = _connectTimeout;
        other._closeTimeout = _closeTimeout;
        other._proxy = _proxy;
        other._useProxy = _useProxy;
        other._unixSocketPath = _unixSocketPath;
        other._compression = _compression;
        other._cookies = _cookies;
        other._maximumRedirection = _maximumRedirection;
        other._sslProtocols = _sslProtocols;
        other._trustedRoots = _trustedRoots;
        other._revocationMode = _revocationMode;
        other._httpVersion = _httpVersion;
        other._requireSubProtocol = _requireSubProtocol;
        other.FrameTrace = FrameTrace;
    }

    private static void CheckIgnorable(ChainValidationResult error)
    {
        if (!ServerCertificateValidation.CanBeIgnored(error))
        {
            throw new ArgumentException(
                $"{error} cannot be ignored; only Untrusted, Expired, IncompleteChain, WrongUsage, InvalidName, "
                + "RevocationInformationMissing and RevocationFailure can.",
                nameof(error));
        }
    }

    private static void CheckPin(string pin)
    {
        ArgumentNullException.ThrowIfNull(pin);
        if (!CertificatePin.TryParse(pin, out _))
        {
            throw new ArgumentException("A pin is the SHA-256 hash of a certificate: 64 hexadecimal digits.", nameof(pin));
        }
    }

    private protected static TimeSpan CheckInterval(TimeSpan value)
    {
        if (value == Timeout.InfiniteTimeSpan)
        {
            return TimeSpan.Zero;
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, LongestInterval);
        return value;
    }

    private protected void Set<T>(ref T field, T value)
    {
        ThrowIfFrozen();
        field = value;
    }

    private protected void ThrowIfFrozen() => _socket.ThrowIfBegun("This setting can only be changed before ConnectAsync.");
}
