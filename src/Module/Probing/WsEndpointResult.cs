using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Errors;

namespace MessageWebSockets.PowerShell;

/// <summary>
/// What a probe found out about one endpoint. Flat, of plain values: it goes through Export-Csv, ConvertTo-Json, jobs and remoting as
/// it is. Times are in milliseconds; what is not known is null.
/// </summary>
public class WsEndpointResult
{
    internal WsEndpointResult()
    {
    }

    /// <summary>The address as it was given; without user name and password.</summary>
    public string Uri { get; internal set; } = "";

    /// <summary>The name that came with the address; null if none did.</summary>
    public string? Name { get; internal set; }

    /// <summary>Whether every probe connected, got the message it expected, and had its ping answered.</summary>
    public bool Success { get; internal set; }

    /// <summary>Ok, or the error id of what went wrong as about_WebSocket_Errors lists it.</summary>
    public string Status { get; internal set; } = "";

    /// <summary>The HTTP status that answered the handshake: 101 where it succeeded.</summary>
    public int? HttpStatusCode { get; internal set; }

    /// <summary>Resolving the host name; null for an address literal.</summary>
    public double? NameResolutionMs { get; internal set; }

    /// <summary>Opening the TCP connection.</summary>
    public double? TcpMs { get; internal set; }

    /// <summary>The TLS handshake, also where it ended in a refused certificate; null for ws://.</summary>
    public double? TlsMs { get; internal set; }

    /// <summary>From the request for the upgrade to its answer.</summary>
    public double? UpgradeMs { get; internal set; }

    /// <summary>The whole connect, to its success or failure.</summary>
    public double? TotalMs { get; internal set; }

    /// <summary>From a ping to its pong.</summary>
    public double? RoundTripMs { get; internal set; }

    /// <summary>From the open connection, or the text that was sent, to the message that was expected.</summary>
    public double? ReplyMs { get; internal set; }

    /// <summary>The agreed subprotocol.</summary>
    public string? Protocol { get; internal set; }

    /// <summary>The agreed compression.</summary>
    public string? Compression { get; internal set; }

    /// <summary>The IP address that was connected to: the server's, or that of a proxy.</summary>
    public string? RemoteAddress { get; internal set; }

    /// <summary>The TLS version.</summary>
    public string? TlsVersion { get; internal set; }

    /// <summary>The subject of the server's certificate, also of one that was refused.</summary>
    public string? CertificateSubject { get; internal set; }

    /// <summary>When that certificate expires, in local time.</summary>
    public DateTime? CertificateExpires { get; internal set; }

    /// <summary>The whole days until then; negative once it has expired.</summary>
    public int? CertificateDaysLeft { get; internal set; }

    /// <summary>The close code the server sent.</summary>
    public int? CloseCode { get; internal set; }

    /// <summary>What went wrong, in words.</summary>
    public string? Error { get; internal set; }

    /// <summary>What the server answered in place of a connection, without secrets, for the verbose stream.</summary>
    internal string? ReadableBody { get; set; }

    /// <summary>How many probes were made.</summary>
    public int Probes { get; internal set; }

    /// <summary>How many of them failed.</summary>
    public int ProbesFailed { get; internal set; }

    /// <summary>When the first probe began, in local time.</summary>
    public DateTime TestedAt { get; internal set; }

    /// <summary>The address and its status.</summary>
    public override string ToString() => $"{Redaction.Of(Uri)} {Status}";
}
