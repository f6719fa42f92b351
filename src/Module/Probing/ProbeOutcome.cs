namespace MessageWebSockets.PowerShell.Probing;

/// <summary>What one probe over one connection found out.</summary>
internal sealed class ProbeOutcome
{
    /// <summary>The status of a probe that found nothing wrong.</summary>
    public const string Ok = "Ok";

    public string Status { get; set; } = Ok;

    public bool IsSuccess => Status == Ok;

    public string? Error { get; set; }

    public int? HttpStatusCode { get; set; }

    public ConnectTimings? Timings { get; set; }

    public TimeSpan? RoundTrip { get; set; }

    public TimeSpan? ReplyTime { get; set; }

    public string? Reply { get; set; }

    public string? Protocol { get; set; }

    public string? Compression { get; set; }

    public string? RemoteAddress { get; set; }

    public int? RemotePort { get; set; }

    public string? LocalAddress { get; set; }

    public string? TlsVersion { get; set; }

    public string? CertificateSubject { get; set; }

    public DateTime? CertificateExpires { get; set; }

    public WsEndpointCertificate? Certificate { get; set; }

    public string[] CertificateErrors { get; set; } = [];

    public Dictionary<string, string> ResponseHeaders { get; set; } = [];

    public string? ResponseBody { get; set; }

    /// <summary>The body without secrets, for the verbose stream.</summary>
    public string? ReadableBody { get; set; }

    public int? CloseCode { get; set; }

    public string? CloseReason { get; set; }
}
