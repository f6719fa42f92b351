using System.Globalization;
using System.Management.Automation;
using MessageWebSockets.PowerShell.Errors;

namespace MessageWebSockets.PowerShell.Reporting;

/// <summary>
/// One result of Test-WsEndpoint as the report needs it, read from a live object or from a copy that went through a job, a CLIXML file,
/// CSV or JSON.
/// </summary>
internal sealed record ReportRow(string Address, bool IsSuccess, string Status, string Result)
{
    public string? Name { get; private init; }

    public double? NameResolutionMs { get; private init; }

    public double? TcpMs { get; private init; }

    public double? TlsMs { get; private init; }

    public double? UpgradeMs { get; private init; }

    public double? TotalMs { get; private init; }

    public double? RoundTripMs { get; private init; }

    public string? CertificateSubject { get; private init; }

    public DateTime? CertificateExpires { get; private init; }

    public double? CertificateDaysLeft { get; private init; }

    public string? Error { get; private init; }

    public DateTime? TestedAt { get; private init; }

    /// <summary>A date that cannot be read, which another culture may have written; null where there is none.</summary>
    public string? UnreadDate { get; private init; }

    /// <summary>A date that a culture with another order of day and month wrote; null where nothing says so.</summary>
    public string? DateOfAnotherOrder { get; private init; }

    /// <summary>The address, behind the name of the endpoint where it has one.</summary>
    public string Label => Name is null ? Address : $"{Name}: {Address}";

    /// <summary>Host and port; the whole address where it has none.</summary>
    public string Host => Uri.TryCreate(Address, UriKind.Absolute, out Uri? uri) && uri.Authority.Length > 0 ? uri.Authority : Address;

    /// <summary>Null for an object that is no result of a probe.</summary>
    public static ReportRow? From(PSObject item)
    {
        if (ReportValue.Text(item, nameof(WsEndpointResult.Uri)) is not { } address
            || ReportValue.Text(item, nameof(WsEndpointResult.Status)) is not { Length: > 0 } status
            || !ReportValue.TryBoolean(item.Properties[nameof(WsEndpointResult.Success)]?.Value, out bool isSuccess))
        {
            return null;
        }

        string? number = status == "ConnectionClosed"
            ? ReportValue.Text(item, nameof(WsEndpointResult.CloseCode))
            : ReportValue.Text(item, nameof(WsEndpointResult.HttpStatusCode));
        string result = isSuccess ? "ok" : string.IsNullOrEmpty(number) || number == "101" ? status : $"{status} ({number})";
        return new ReportRow(Redaction.Of(address), isSuccess, status, result)
        {
            Name = ReportValue.Text(item, nameof(WsEndpointResult.Name)) is { Length: > 0 } name ? name : null,
            NameResolutionMs = ReportValue.Number(item, nameof(WsEndpointResult.NameResolutionMs)),
            TcpMs = ReportValue.Number(item, nameof(WsEndpointResult.TcpMs)),
            TlsMs = ReportValue.Number(item, nameof(WsEndpointResult.TlsMs)),
            UpgradeMs = ReportValue.Number(item, nameof(WsEndpointResult.UpgradeMs)),
            TotalMs = ReportValue.Number(item, nameof(WsEndpointResult.TotalMs)),
            RoundTripMs = ReportValue.Number(item, nameof(WsEndpointResult.RoundTripMs)),
            CertificateSubject = ReportValue.Text(item, nameof(WsEndpointResult.CertificateSubject)),
            CertificateExpires = ReportValue.Time(item, nameof(WsEndpointResult.CertificateExpires)),
            CertificateDaysLeft = ReportValue.Number(item, nameof(WsEndpointResult.CertificateDaysLeft)),
            Error = ReportValue.Text(item, nameof(WsEndpointResult.Error)),
            TestedAt = ReportValue.Time(item, nameof(WsEndpointResult.TestedAt)),
            DateOfAnotherOrder = ReportValue.TimeOfAnotherOrder(item, nameof(WsEndpointResult.TestedAt))
                ?? ReportValue.TimeOfAnotherOrder(item, nameof(WsEndpointResult.CertificateExpires)),
            UnreadDate = ReportValue.UnreadTime(item, nameof(WsEndpointResult.TestedAt))
                ?? ReportValue.UnreadTime(item, nameof(WsEndpointResult.CertificateExpires)),
        };
    }
}
