using System.Management.Automation;
using MessageWebSockets.PowerShell.Auditing;
using MessageWebSockets.PowerShell.Errors;

namespace MessageWebSockets.PowerShell.Reporting;

/// <summary>One result of Test-WsServer as the report needs it.</summary>
internal sealed record FindingRow(
    string Label, string Check, AuditResult Result, string Severity, string Evidence, string Reference, string Remedy)
{
    /// <summary>Null for an object that is no result of a check.</summary>
    public static FindingRow? From(PSObject item)
    {
        if (ReportValue.Text(item, nameof(WsServerFinding.Uri)) is not { } address
            || ReportValue.Text(item, nameof(WsServerFinding.Check)) is not { Length: > 0 } check
            || ReportValue.Text(item, nameof(WsServerFinding.Evidence)) is not { } evidence
            || ReportValue.Text(item, nameof(WsServerFinding.Result)) is not { } text || !Enum.TryParse(text, out AuditResult result)
            || !Enum.IsDefined(result))
        {
            return null;
        }

        string shown = Redaction.Of(address);
        return new FindingRow(
            ReportValue.Text(item, nameof(WsServerFinding.Name)) is { Length: > 0 } name ? $"{name}: {shown}" : shown,
            check,
            result,
            ReportValue.Text(item, nameof(WsServerFinding.Severity)) ?? "",
            evidence,
            ReportValue.Text(item, nameof(WsServerFinding.Reference)) ?? "",
            ReportValue.Text(item, nameof(WsServerFinding.Remedy)) ?? "");
    }
}
