namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Offers a subprotocol that nobody speaks: it may be agreed on, which no specification forbids, and no other may.</summary>
internal sealed class HandshakeSubprotocol() : AuditCheck(
    "handshake-subprotocol",
    WsAuditLevel.Standard,
    AuditSeverity.Medium,
    "RFC 6455 4.2.2",
    "Agree on a subprotocol that the client offered, or on none; clients end the connection otherwise.")
{
    private const string Offered = "audit.invalid";

    public override async Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        string[] usual = [.. target.Baseline.Answer.ListOf(AuditRequest.ProtocolHeader)];
        if (usual.Except(target.Settings.Protocols, StringComparer.Ordinal).FirstOrDefault() is { } unasked)
        {
            return Verdict.Failed($"the subprotocol {Shown(unasked)} was agreed on, and not offered");
        }

        using AuditConnection connection = await target.OpenAsync(cancellationToken).ConfigureAwait(false);
        AuditRequest request = target.Request();
        request.Set(AuditRequest.ProtocolHeader, Offered);
        const string Sent = $"an offer of the unknown subprotocol {Offered}";
        AuditAnswer answer = await connection.AskAsync(request, Sent, cancellationToken).ConfigureAwait(false);
        if (!answer.IsUpgrade)
        {
            await target.ThrowIfRefusedAnywayAsync(answer, Sent, cancellationToken).ConfigureAwait(false);
        }

        string evidence = $"{Sent} was answered with {answer.Text}";
        return answer.ListOf(AuditRequest.ProtocolHeader).ToArray() switch
        {
            _ when !answer.IsUpgrade => Verdict.Passed(evidence),
            [] => Verdict.Passed($"{evidence} and no subprotocol"),
            [Offered] => Verdict.Passed($"{evidence} and that one, as if it were known"),
            [var other, ..] => Verdict.Failed($"{evidence} and the subprotocol {Shown(other)}, which was not offered"),
        };
    }

    private static string Shown(string name) => AuditAnswer.Shown(MessageWebSockets.Errors.PeerText.SubProtocol(name));
}
