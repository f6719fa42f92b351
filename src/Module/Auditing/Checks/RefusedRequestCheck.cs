namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>A check that spoils the request of a handshake in one place, so that the server must refuse it.</summary>
internal abstract class RefusedRequestCheck(string id, AuditSeverity severity, string reference, string remedy)
    : AuditCheck(id, WsAuditLevel.Standard, severity, reference, remedy)
{
    /// <summary>What was sent, as the subject of a sentence.</summary>
    protected abstract string Sent { get; }

    protected abstract void Spoil(AuditRequest request);

    /// <summary>Reads an answer that is no upgrade.</summary>
    protected virtual Verdict JudgeRefusal(AuditAnswer answer, string evidence) => Verdict.Passed(evidence);

    /// <summary>Reads an upgrade.</summary>
    protected virtual Verdict JudgeUpgrade(string evidence) => Verdict.Failed(evidence);

    public override async Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        using AuditConnection connection = await target.OpenAsync(cancellationToken).ConfigureAwait(false);
        AuditRequest request = target.Request();
        Spoil(request);
        AuditAnswer answer = await connection.AskAsync(request, Sent, cancellationToken).ConfigureAwait(false);
        string evidence = $"{Sent} was answered with {answer.Text}{answer.By(target.Baseline.Answer)}";
        if (answer.IsUpgrade)
        {
            return JudgeUpgrade(evidence);
        }

        await target.ThrowIfRefusedAnywayAsync(answer, Sent, cancellationToken).ConfigureAwait(false);
        return JudgeRefusal(answer, evidence);
    }
}
