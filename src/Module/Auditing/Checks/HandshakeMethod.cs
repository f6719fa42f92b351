namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Asks with POST, which pages of other sites can have a browser send.</summary>
internal sealed class HandshakeMethod() : RefusedRequestCheck(
    "handshake-method",
    AuditSeverity.Medium,
    "RFC 6455 4.2.1",
    "Accept handshakes with the method GET alone, and answer others with 405.")
{
    protected override string Sent => "a handshake with the method POST";

    protected override void Spoil(AuditRequest request)
    {
        request.Method = "POST";
        request.Set("Content-Length", "0");
    }
}
