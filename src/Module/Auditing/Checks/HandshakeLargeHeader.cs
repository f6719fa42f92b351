namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Sends a header that is far longer than any browser's.</summary>
internal sealed class HandshakeLargeHeader() : RefusedRequestCheck(
    "handshake-large-header",
    AuditSeverity.Medium,
    "RFC 9110 5.4, RFC 6585 5",
    "Limit the size of request headers, and refuse longer ones with 431: each handshake may hold as much memory.")
{
    private const int Size = 64 * 1024;

    protected override string Sent => "a header of 64 KiB";

    protected override void Spoil(AuditRequest request) => request.Add("X-Audit", new string('a', Size));

    // No RFC sets a limit; it is not wise to have none.
    protected override Verdict JudgeUpgrade(string evidence) => Verdict.Warning(evidence);
}
