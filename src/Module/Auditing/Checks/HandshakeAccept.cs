using System.Net.Http;
using MessageWebSockets.Handshake;

namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Reads the answer to the ordinary handshake as a client has to.</summary>
internal sealed class HandshakeAccept() : AuditCheck(
    "handshake-accept",
    WsAuditLevel.Passive,
    AuditSeverity.High,
    "RFC 6455 4.2.2",
    "Answer with Upgrade: websocket, Connection: Upgrade and the Sec-WebSocket-Accept that belongs to the key; "
    + "clients end the connection otherwise.")
{
    public override Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        using HttpResponseMessage message = target.Baseline.Answer.ToMessage();
        try
        {
            new HandshakeResponse(message).CheckUpgrade(target.Baseline.Request.Key);
            return Task.FromResult(Verdict.Passed("Upgrade, Connection and Sec-WebSocket-Accept belong to the request"));
        }
        catch (FormatException e)
        {
            return Task.FromResult(Verdict.Failed(AuditAnswer.Shown(e.Message)));
        }
    }
}
