using MessageWebSockets.Handshake;

namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Asks for the endpoint without TLS, at its own port and at that of http beside that of https; without anything secret.</summary>
internal sealed class PlainWs() : AuditCheck(
    "plain-ws",
    WsAuditLevel.Standard,
    AuditSeverity.High,
    "ASVS 5.0 4.4.1, 12.2.1",
    "Serve nothing but redirects to https without TLS.")
{
    private const int HttpsPort = 443;
    private const int HttpPort = 80;

    public override async Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        if (target.Uri.Scheme != Uri.UriSchemeWss)
        {
            return Verdict.NotApplicable("the address is no wss");
        }

        int[] ports = target.Uri.Port == HttpsPort ? [HttpsPort, HttpPort] : [target.Uri.Port];
        Verdict[] verdicts = await Task.WhenAll(ports.Select(port => AskAsync(target, port, cancellationToken))).ConfigureAwait(false);
        return Verdict.WorstOf(verdicts);
    }

    private static async Task<Verdict> AskAsync(AuditTarget target, int port, CancellationToken cancellationToken)
    {
        string sent = $"a plain handshake at port {port}";
        Uri plain = new UriBuilder(target.Uri) { Scheme = Uri.UriSchemeWs, Port = port }.Uri;
        try
        {
            HandshakeSettings settings = target.Settings with { ClientCertificate = null };
            using AuditConnection connection = await target.OpenAsync(plain, settings, cancellationToken).ConfigureAwait(false);
            AuditAnswer answer = await connection.AskAsync(target.PlainRequest(), sent, cancellationToken).ConfigureAwait(false);
            string evidence = $"{sent} was answered with {answer.Text}";
            return answer.IsUpgrade ? Verdict.Failed(evidence)
                : answer.IsForAnyone ? Verdict.Inconclusive($"{sent} was {answer.ForAnyoneText}")
                : answer.Status == 401 ? Verdict.Warning($"{evidence}: it would take credentials in plain text")
                : Verdict.Passed(evidence);
        }
        catch (WireEndException e) when (e.End != WireEnd.Silent && port == target.Uri.Port)
        {
            // A port of TLS that is sent plain text has nothing better to do than to hang up, or to answer with an alert of TLS.
            return Verdict.Passed($"{e.Message}, as a port of TLS does");
        }
        catch (MessageWebSocketException e) when (e.Status == WebErrorStatus.CannotConnect)
        {
            return Verdict.Passed($"{sent}: {AuditAnswer.Shown(e.Message)}");
        }
    }
}
