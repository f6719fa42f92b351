namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>
/// One question to a server: what it sends, and how the answer is read. A check says only what it saw: where a connection ends or an
/// answer does not come, <see cref="WireEndException"/> makes it inconclusive, unless the check knows that the specification allows that.
/// </summary>
/// <param name="id">The name users know it by; its first word is that of its group.</param>
/// <param name="level">How far it goes.</param>
/// <param name="severity">How much it matters when it fails; a warning matters as much or less.</param>
/// <param name="reference">Where it is written: a section of an RFC, a number of OWASP ASVS 5.0.</param>
/// <param name="remedy">What to do when it fails.</param>
internal abstract class AuditCheck(string id, WsAuditLevel level, AuditSeverity severity, string reference, string remedy)
{
    public string Id => id;

    public WsAuditLevel Level => level;

    public AuditSeverity Severity => severity;

    public string Reference => reference;

    public string Remedy => remedy;

    /// <summary>Whether it needs a connection that carries frames.</summary>
    public virtual bool NeedsConnection => true;

    /// <summary>What an intrusive check does to the server, for the question before it; null for the others.</summary>
    public virtual string? Load(AuditPlan plan) => null;

    /// <exception cref="WireEndException">A connection ended, or an answer did not come in time.</exception>
    /// <exception cref="MessageWebSocketException">A connection did not come about.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public abstract Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken);
}
