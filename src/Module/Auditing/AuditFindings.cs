using MessageWebSockets.PowerShell.Errors;

namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>Makes findings of verdicts, what concerns a reader most first.</summary>
internal static class AuditFindings
{
    public static IReadOnlyList<WsServerFinding> Of(
        string address, string? name, DateTime started, IEnumerable<(AuditCheck Check, Verdict Verdict)> results) =>
    [
        .. results
            .OrderBy(static result => result.Verdict.Result)
            .ThenByDescending(static result => IsConcern(result.Verdict.Result) ? result.Check.Severity : 0)
            .Select(result => new WsServerFinding
            {
                Uri = Redaction.WithoutUserInfo(address),
                Name = string.IsNullOrEmpty(name) ? null : name,
                Check = result.Check.Id,
                Result = result.Verdict.Result.ToString(),
                Severity = SeverityOf(result.Check, result.Verdict.Result),
                Evidence = result.Verdict.Evidence,
                Reference = result.Check.Reference,
                Remedy = IsConcern(result.Verdict.Result) ? result.Check.Remedy : null,
                Level = result.Check.Level.ToString(),
                TestedAt = started,
            }),
    ];

    /// <summary>The line below a table: how many of each result there are.</summary>
    public static string Summary(string address, IReadOnlyCollection<WsServerFinding> findings)
    {
        string[] counts =
        [
            Count(nameof(AuditResult.Passed), "passed"),
            Count(nameof(AuditResult.Failed), "failed"),
            Count(nameof(AuditResult.Warning), "warning"),
            Count(nameof(AuditResult.Inconclusive), "inconclusive"),
            Count(nameof(AuditResult.NotApplicable), "not applicable"),
        ];
        return $"{string.Join(", ", counts.Where(static count => count.Length > 0))}: {TerminalText.Escape(Redaction.Of(address))}";

        string Count(string result, string text) =>
            findings.Count(finding => finding.Result == result) is > 0 and var count ? $"{count} {text}" : "";
    }

    // What is only advised against matters less than what is forbidden.
    private static string? SeverityOf(AuditCheck check, AuditResult result) => result switch
    {
        AuditResult.Failed => Name(check.Severity),
        AuditResult.Warning => Name((AuditSeverity)Math.Max(0, (int)check.Severity - 1)),
        _ => null,
    };

    private static string Name(AuditSeverity severity) => severity switch
    {
        AuditSeverity.High => "high",
        AuditSeverity.Medium => "medium",
        _ => "low",
    };

    private static bool IsConcern(AuditResult result) => result is AuditResult.Failed or AuditResult.Warning;
}
