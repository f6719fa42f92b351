using System.Net.WebSockets;
using MessageWebSockets.Handshake;

namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>
/// Offers compression as browsers do. What is compressed together with text that others choose gives itself away by its size, so an
/// endpoint that knows who is there by a cookie or credentials is warned of.
/// </summary>
internal sealed class CompressionSecrets() : AuditCheck(
    "compression-secrets",
    WsAuditLevel.Passive,
    AuditSeverity.Medium,
    "RFC 7692 8, RFC 7457 2.6",
    "Agree on no compression where messages have secrets beside text that others choose, or leave those messages uncompressed.")
{
    public override async Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        using AuditConnection connection = await target.OpenAsync(cancellationToken).ConfigureAwait(false);
        AuditRequest request = target.Request();
        request.Set(AuditRequest.ExtensionHeader, CompressionNegotiation.CreateOffer(new WebSocketDeflateOptions()));
        AuditAnswer answer = await connection.AskAsync(request, "an offer of permessage-deflate", cancellationToken).ConfigureAwait(false);
        bool setsCookie = answer.ValuesOf("Set-Cookie").Any();
        return !answer.IsUpgrade ? Verdict.Inconclusive($"an offer of permessage-deflate was answered with {answer.Text}")
            : !answer.ListOf(AuditRequest.ExtensionHeader).Any() ? Verdict.Passed("an offer of permessage-deflate was not agreed to")
            : setsCookie ? Verdict.Warning("permessage-deflate was agreed on by an endpoint that sets a cookie")
            : target.HasCredentials ? Verdict.Warning("permessage-deflate was agreed on by an endpoint that was given credentials")
            : Verdict.Passed("permessage-deflate was agreed on, and neither cookie nor credentials are to be seen");
    }
}
