namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Offers an extension that does not exist: none may be agreed on.</summary>
internal sealed class HandshakeExtension() : AuditCheck(
    "handshake-extension",
    WsAuditLevel.Standard,
    AuditSeverity.Medium,
    "RFC 6455 4.2.2, 9.1",
    "Agree on extensions that the client offered and the server has, or on none; clients end the connection otherwise.")
{
    private const string Offered = "x-audit-unknown";

    public override async Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        using AuditConnection connection = await target.OpenAsync(cancellationToken).ConfigureAwait(false);
        AuditRequest request = target.Request();
        request.Set(AuditRequest.ExtensionHeader, Offered);
        const string Sent = $"an offer of the unknown extension {Offered}";
        AuditAnswer answer = await connection.AskAsync(request, Sent, cancellationToken).ConfigureAwait(false);
        if (!answer.IsUpgrade)
        {
            await target.ThrowIfRefusedAnywayAsync(answer, Sent, cancellationToken).ConfigureAwait(false);
        }

        string evidence = $"{Sent} was answered with {answer.Text}";
        return answer.ListOf(AuditRequest.ExtensionHeader).FirstOrDefault() switch
        {
            _ when !answer.IsUpgrade => Verdict.Passed(evidence),
            null => Verdict.Passed($"{evidence} and no extension"),
            var agreed => Verdict.Failed($"{evidence} and the extension {AuditAnswer.Shown(agreed)}"),
        };
    }
}
