namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Sends a key that is too short.</summary>
internal sealed class HandshakeKeyShort() : RefusedRequestCheck(
    "handshake-key-short",
    AuditSeverity.Low,
    "RFC 6455 4.2.1",
    "Refuse a Sec-WebSocket-Key that is not 16 bytes in base64 with 400.")
{
    protected override string Sent => "a Sec-WebSocket-Key of 4 bytes";

    protected override void Spoil(AuditRequest request) => request.Set(AuditRequest.KeyHeader, "c2hvcg==");
}
