namespace MessageWebSockets.PowerShell;

/// <summary>A <see cref="WsEndpointResult"/> with everything else that is known, one level of objects below it.</summary>
public sealed class WsEndpointDetail : WsEndpointResult
{
    internal WsEndpointDetail()
    {
    }

    /// <summary>The status of each probe, in order.</summary>
    public string[] ProbeStatus { get; internal set; } = [];

    /// <summary>The round trip of each probe that had one, in milliseconds, in order.</summary>
    public double[] RoundTripsMs { get; internal set; } = [];

    /// <summary>The connect of each probe, in milliseconds, in order.</summary>
    public double[] TotalsMs { get; internal set; } = [];

    /// <summary>The port that was connected to.</summary>
    public int? RemotePort { get; internal set; }

    /// <summary>The IP address of this side.</summary>
    public string? LocalAddress { get; internal set; }

    /// <summary>The server's certificate; null for ws:// or where the TLS handshake did not come so far.</summary>
    public WsEndpointCertificate? Certificate { get; internal set; }

    /// <summary>What is wrong with the certificate, in names that -IgnoreCertificateError takes where it can be ignored.</summary>
    public string[] CertificateErrors { get; internal set; } = [];

    /// <summary>The headers of the answer to the handshake; the values of cookies and the like are hidden.</summary>
    public IReadOnlyDictionary<string, string> ResponseHeaders { get; internal set; } = new Dictionary<string, string>();

    /// <summary>The beginning of the body with which the server refused the handshake.</summary>
    public string? ResponseBody { get; internal set; }

    /// <summary>The message that matched -ExpectMatch, at most its first 4,096 characters.</summary>
    public string? Reply { get; internal set; }

    /// <summary>The reason beside the close code.</summary>
    public string? CloseReason { get; internal set; }
}
