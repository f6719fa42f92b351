namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>What a check came to, and what was sent and seen, on one line.</summary>
internal sealed record Verdict(AuditResult Result, string Evidence)
{
    public static Verdict Passed(string evidence) => new(AuditResult.Passed, evidence);

    public static Verdict Failed(string evidence) => new(AuditResult.Failed, evidence);

    public static Verdict Warning(string evidence) => new(AuditResult.Warning, evidence);

    public static Verdict Inconclusive(string evidence) => new(AuditResult.Inconclusive, evidence);

    /// <summary>What a check came to that met no server, or a connection that ended.</summary>
    /// <param name="e">What it met.</param>
    public static Verdict Unseen(Exception e) =>
        Inconclusive(e is MessageWebSocketException failure ? AuditText.NoConnection(failure) : e.Message);

    public static Verdict NotApplicable(string evidence) => new(AuditResult.NotApplicable, evidence);

    /// <summary>The worst of several, with the evidence of all that are as bad.</summary>
    public static Verdict WorstOf(IReadOnlyCollection<Verdict> verdicts)
    {
        AuditResult worst = verdicts.Min(static verdict => verdict.Result);
        IEnumerable<string> evidence = verdicts.Where(verdict => verdict.Result == worst).Select(static verdict => verdict.Evidence);
        return new Verdict(worst, string.Join("; ", evidence.Distinct()));
    }
}
