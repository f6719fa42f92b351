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
        return answer.IsUpgrade ? JudgeUpgrade(evidence)
            : answer.IsOfGateway ? Verdict.Inconclusive($"{evidence}, which a gateway says of a server that it got no answer from")
            : JudgeRefusal(answer, evidence);
    }
}
