namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Leaves the key out.</summary>
internal sealed class HandshakeKeyMissing() : RefusedRequestCheck(
    "handshake-key-missing",
    AuditSeverity.Low,
    "RFC 6455 4.2.1",
    "Refuse requests without Sec-WebSocket-Key with 400.")
{
    protected override string Sent => "a request without Sec-WebSocket-Key";

    protected override void Spoil(AuditRequest request) => request.Remove(AuditRequest.KeyHeader);
}
