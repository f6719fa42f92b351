using System.Net;
using System.Net.WebSockets;
using System.Security.Authentication;

namespace MessageWebSockets.Handshake;

/// <summary>
/// What a connect finds out, also one that fails. Written by the connect alone; safe to read from any thread at any time.
/// </summary>
internal sealed class HandshakeFindings
{
    // As objects, because a reference is read and written whole; a value that may be missing takes two steps.
    private object? _tlsProtocol;
    private object? _statusCode;

    /// <summary>The address that is asked, or was asked last: where redirects led; null before the first.</summary>
    public Uri? AskedUri { get; set; }

    /// <summary>The address that answered; null before it did.</summary>
    public Uri? ResponseUri { get; set; }

    public IPAddress? LocalAddress { get; set; }

    public int LocalPort { get; set; }

    public IPAddress? RemoteAddress { get; set; }

    public int RemotePort { get; set; }

    /// <summary>The subprotocol: null before the answer, empty when none was agreed.</summary>
    public string? Protocol { get; set; }

    /// <summary>The subprotocols that were offered to the address that was asked last.</summary>
    public IReadOnlyList<string> OfferedProtocols { get; set; } = [];

    public ServerCertificates? ServerCertificates { get; set; }

    public IReadOnlyList<ChainValidationResult> ServerCertificateErrors { get; set; } = [];

    public SocketSslErrorSeverity ServerCertificateErrorSeverity { get; set; }

    public SslProtocols? TlsProtocol { get =>
        (SslProtocols?)Volatile.Read(ref _tlsProtocol); set => Volatile.Write(ref _tlsProtocol, value); }

    public HttpStatusCode? StatusCode { get =>
        (HttpStatusCode?)Volatile.Read(ref _statusCode); set => Volatile.Write(ref _statusCode, value); }

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Headers { get; set; } = new Dictionary<string, IReadOnlyList<string>>();

    public WebSocketDeflateOptions? Compression { get; set; }

    public ConnectTimings? Timings { get; set; }

    /// <summary>Whether the handlers of ServerCustomValidationRequested have the certificate and are not done with it.</summary>
    public bool WaitsForJudgement { get; set; }

    /// <summary>The proxy that took the connection of an attempt which failed and has not said anything; null for none.</summary>
    public string? SilentProxy { get; set; }

    /// <summary>Forgets what an earlier attempt found, so that nothing of it is taken for the next one's.</summary>
    public void Forget()
    {
        ResponseUri = null;
        LocalAddress = null;
        LocalPort = 0;
        RemoteAddress = null;
        RemotePort = 0;
        Protocol = null;
        OfferedProtocols = [];
        ServerCertificates = null;
        ServerCertificateErrors = [];
        ServerCertificateErrorSeverity = SocketSslErrorSeverity.None;
        TlsProtocol = null;
        StatusCode = null;
        Headers = new Dictionary<string, IReadOnlyList<string>>();
        Compression = null;
        Timings = null;
        WaitsForJudgement = false;
        SilentProxy = null;
    }
}
