using System.Diagnostics;
using System.Net;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets;

/// <summary>
/// What is known of a connection, for <see cref="MessageWebSocket"/> and <see cref="StreamWebSocket"/> alike
/// (Windows.Networking.Sockets.IWebSocketInformation2). Safe to read from any thread at any time; what the handshake found stays readable
/// after a failed connect and after the end.
/// </summary>
public abstract class WebSocketInformation
{
    private readonly TrafficMeter _traffic = new();

    // As objects, because a reference is read and written whole; a value that may be missing takes two steps.
    private object? _openedAt;
    private long _openedTimestamp;
    private long _endedTimestamp;
    private object? _lastRoundTripTime;

    private protected WebSocketInformation()
    {
    }

    /// <summary>
    /// The address that answered the handshake: where redirects led, if any were followed; null before there was an answer.
    /// </summary>
    public Uri? ResponseUri => Handshake.ResponseUri;

    /// <summary>The local address; null before the transport connected, and for a Unix socket.</summary>
    public IPAddress? LocalAddress => Handshake.LocalAddress;

    /// <summary>The local port; 0 before the transport connected.</summary>
    public int LocalPort => Handshake.LocalPort;

    /// <summary>The address that was connected to: the server's, or the proxy's.</summary>
    public IPAddress? RemoteAddress => Handshake.RemoteAddress;

    /// <summary>The port that was connected to: the server's, or the proxy's.</summary>
    public int RemotePort => Handshake.RemotePort;

    /// <summary>The subprotocol: null before a connect, empty when none was agreed.</summary>
    public string? Protocol => Handshake.Protocol;

    /// <summary>The certificate of the server, also after a connect that failed on it; null for ws://.</summary>
    public X509Certificate2? ServerCertificate => Handshake.ServerCertificates?.Server;

    /// <summary>The certificates between the server's and the root, as far as they are known.</summary>
    public IReadOnlyList<X509Certificate2> ServerIntermediateCertificates => Handshake.ServerCertificates?.Intermediates ?? [];

    /// <summary>What is wrong with the server's certificate chain, ignored or not.</summary>
    public IReadOnlyList<ChainValidationResult> ServerCertificateErrors => Handshake.ServerCertificateErrors;

    /// <summary>How severe these errors are together.</summary>
    public SocketSslErrorSeverity ServerCertificateErrorSeverity => Handshake.ServerCertificateErrorSeverity;

    /// <summary>The TLS version in use; null for ws://.</summary>
    public SslProtocols? TlsProtocol => Handshake.TlsProtocol;

    /// <summary>The status of the answer to the handshake; null before there was one.</summary>
    public HttpStatusCode? HandshakeStatusCode => Handshake.StatusCode;

    /// <summary>The headers of the answer to the handshake.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> HandshakeHeaders => Handshake.Headers;

    /// <summary>The compression parameters that were agreed; null for none.</summary>
    /// <remarks>The framework's type has no windows below 9 bits: where the server answered with 8 (RFC 7692 section 7.1.2.1), it says
    /// 9.</remarks>
    public WebSocketDeflateOptions? Compression => Handshake.Compression;

    /// <summary>How long each stage of the connect took; null before a connect.</summary>
    public ConnectTimings? ConnectTimings => Handshake.Timings;

    /// <summary>When the connection opened, in local time; null before.</summary>
    public DateTime? OpenedAt => (DateTime?)Volatile.Read(ref _openedAt);

    /// <summary>How long the connection was open, or is by now; zero before.</summary>
    internal TimeSpan OpenFor => Volatile.Read(ref _openedTimestamp) is not 0 and var opened
        ? Stopwatch.GetElapsedTime(opened, Volatile.Read(ref _endedTimestamp) is not 0 and var ended ? ended : Stopwatch.GetTimestamp())
        : TimeSpan.Zero;

    /// <summary>Messages accepted for sending.</summary>
    public long MessagesSent => Connection?.Sender.Messages ?? 0;

    /// <summary>Messages whose last byte was handed to the network.</summary>
    public long MessagesWritten => Connection?.Transport.Writer.MessagesWritten ?? 0;

    /// <summary>
    /// Messages whose last byte is being handed to the network. When the connection breaks meanwhile they stay in doubt: the system says
    /// of a write that failed only that it did, and the server may have read some of them. To be read before
    /// <see cref="MessagesWritten"/>, so that a message which is handed over in between is in one of the two.
    /// </summary>
    public long MessagesInDoubt => Connection?.Transport.Writer.MessagesInDoubt ?? 0;

    /// <summary>
    /// As <see cref="MessagesSent"/>, <see cref="MessagesWritten"/> and <see cref="MessagesInDoubt"/>, without what the connection said by
    /// itself.
    /// </summary>
    internal (long Sent, long Written, long InDoubt) OfCallers => Connection?.Sender.OfCallers ?? default;

    /// <summary>Messages received; in <see cref="MessageWebSocketReceiveMode.PartialMessage"/> whole ones.</summary>
    public long MessagesReceived => Connection?.Counters.Messages ?? 0;

    /// <summary>Messages received and not read yet.</summary>
    public long MessagesQueued => Inbox?.Count ?? 0;

    /// <summary>The payload of the messages received and not read yet, in bytes.</summary>
    public long BytesQueued => Inbox?.PayloadBytes ?? 0;

    /// <summary>Messages that <see cref="InboxFullMode.DropOldest"/> or a close with a full inbox discarded.</summary>
    public long MessagesDropped => Inbox?.Dropped ?? 0;

    /// <summary>Bytes handed to the network after the handshake, framing included.</summary>
    public long BytesSent => Connection?.Transport.Writer.Network.BytesSent ?? 0;

    /// <summary>Bytes that arrived after the handshake, framing included.</summary>
    public long BytesReceived => Connection?.Transport.Received.BytesReceived ?? 0;

    /// <summary>The payload of the messages accepted for sending, in bytes before compression.</summary>
    public long PayloadBytesSent => Connection?.Sender.PayloadBytes ?? 0;

    /// <summary>The payload of the messages received, in bytes after decompression.</summary>
    public long PayloadBytesReceived => Connection?.Counters.PayloadBytes ?? 0;

    /// <summary>Frames sent, control frames included.</summary>
    public long FramesSent => Connection?.Transport.Writer.FramesSent ?? 0;

    /// <summary>Frames received, control frames included.</summary>
    public long FramesReceived => Connection?.Transport.Reader.FramesReceived ?? 0;

    /// <summary>The round-trip time of the last answered ping; null before there was one.</summary>
    public TimeSpan? LastRoundTripTime { get =>
        (TimeSpan?)Volatile.Read(ref _lastRoundTripTime); internal set => Volatile.Write(ref _lastRoundTripTime, value); }

    /// <summary>The close code: the peer's, or ours where the peer sent none; null before the end and after an abnormal one.</summary>
    public ushort? CloseCode => Close?.Code;

    /// <summary>The reason beside <see cref="CloseCode"/>.</summary>
    public string? CloseReason => Close?.Reason;

    /// <summary>Why the connection ended abnormally (state Aborted); null before the end and after an orderly one.</summary>
    public MessageWebSocketException? Failure { get; internal set; }

    /// <summary>An estimate of the bandwidth from the bytes that moved; zero before data flowed.</summary>
    public BandwidthStatistics BandwidthStatistics => _traffic.Estimate(BytesSent, BytesReceived);

    /// <summary>Code and reason, which belong together.</summary>
    internal WebSocketCloseResult? Close { get; set; }

    /// <summary>What the last connect found.</summary>
    internal HandshakeFindings Handshake { get; set; } = new();

    /// <summary>The connection, once there is one.</summary>
    internal Connection? Connection { get; set; }

    /// <summary>What is received and not read yet, where messages do not go to handlers.</summary>
    internal IInboxCounts? Inbox { get; set; }

    /// <summary>Notes that a connection opened.</summary>
    internal void NoteOpened()
    {
        Volatile.Write(ref _endedTimestamp, 0);
        Volatile.Write(ref _openedTimestamp, Stopwatch.GetTimestamp());
        Volatile.Write(ref _openedAt, DateTime.Now);
    }

    /// <summary>Notes that the connection ended; of several times the first counts.</summary>
    internal void NoteEnded() => Interlocked.CompareExchange(ref _endedTimestamp, Stopwatch.GetTimestamp(), 0);

    /// <summary>Forgets a connection that was given up.</summary>
    internal void ForgetOpened()
    {
        Volatile.Write(ref _openedAt, null);
        Volatile.Write(ref _openedTimestamp, 0);
    }
}
