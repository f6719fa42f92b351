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

    /// <summary>The address, behind the name of the endpoint where it has one.</summary>
    public string Label => Name is null ? Address : $"{Name}: {Address}";

    /// <summary>Host and port; the whole address where it has none.</summary>
    public string Host => Uri.TryCreate(Address, UriKind.Absolute, out Uri? uri) && uri.Authority.Length > 0 ? uri.Authority : Address;

    /// <summary>Null for an object that is no result of a probe.</summary>
    public static ReportRow? From(PSObject item)
    {
        if (Text(item, nameof(WsEndpointResult.Uri)) is not { } address || Text(item, nameof(WsEndpointResult.Status)) is not { Length: > 0 } status
            || !TryBoolean(item.Properties[nameof(WsEndpointResult.Success)]?.Value, out bool isSuccess))
        {
            return null;
        }

        string? number = status == "ConnectionClosed" ? Text(item, nameof(WsEndpointResult.CloseCode)) : Text(item, nameof(WsEndpointResult.HttpStatusCode));
        string result = isSuccess ? "ok" : string.IsNullOrEmpty(number) || number == "101" ? status : $"{status} ({number})";
        return new ReportRow(Redaction.Of(address), isSuccess, status, result)
        {
            Name = Text(item, nameof(WsEndpointResult.Name)) is { Length: > 0 } name ? name : null,
            NameResolutionMs = Number(item, nameof(WsEndpointResult.NameResolutionMs)),
            TcpMs = Number(item, nameof(WsEndpointResult.TcpMs)),
            TlsMs = Number(item, nameof(WsEndpointResult.TlsMs)),
            UpgradeMs = Number(item, nameof(WsEndpointResult.UpgradeMs)),
            TotalMs = Number(item, nameof(WsEndpointResult.TotalMs)),
            RoundTripMs = Number(item, nameof(WsEndpointResult.RoundTripMs)),
            CertificateSubject = Text(item, nameof(WsEndpointResult.CertificateSubject)),
            CertificateExpires = Time(item, nameof(WsEndpointResult.CertificateExpires)),
            CertificateDaysLeft = Number(item, nameof(WsEndpointResult.CertificateDaysLeft)),
            Error = Text(item, nameof(WsEndpointResult.Error)),
            TestedAt = Time(item, nameof(WsEndpointResult.TestedAt)),
        };
    }

    private static object? Value(PSObject item, string property) =>
        item.Properties[property]?.Value is { } value ? (value is PSObject wrapped ? wrapped.BaseObject : value) : null;

    private static string? Text(PSObject item, string property) => Value(item, property) is { } value ? Convert.ToString(value, CultureInfo.InvariantCulture) : null;

    // CSV has True and False, which PowerShell would both take for true.
    private static bool TryBoolean(object? value, out bool result)
    {
        object? plain = value is PSObject wrapped ? wrapped.BaseObject : value;
        result = plain is true;
        return plain is bool || (plain is string text && bool.TryParse(text, out result));
    }

    private static double? Number(PSObject item, string property)
    {
        object? value = Value(item, property);
        return value switch
        {
            null or "" => null,

            // Export-Csv writes numbers as the culture of its session does.
            string text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) => Finite(number),
            string text when double.TryParse(text, NumberStyles.Float, CultureInfo.CurrentCulture, out double number) => Finite(number),
            IConvertible number and not string => Finite(number.ToDouble(CultureInfo.InvariantCulture)),
            _ => null,
        };
    }

    private static double? Finite(double number) => double.IsFinite(number) ? number : null;

    private static DateTime? Time(PSObject item, string property) => Value(item, property) switch
    {
        DateTime time => time.Kind == DateTimeKind.Utc ? time.ToLocalTime() : time,
        string text when DateTime.TryParse(text, CultureInfo.CurrentCulture, DateTimeStyles.None, out DateTime time) => time,
        string text when DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTime time) => time,
        _ => null,
    };
}
