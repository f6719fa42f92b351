namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Asks in a version of HTTP that has no upgrade.</summary>
internal sealed class HandshakeHttp10() : RefusedRequestCheck(
    "handshake-http10",
    AuditSeverity.Low,
    "RFC 6455 4.2.1",
    "Refuse handshakes in HTTP/1.0, which has no upgrade.")
{
    protected override string Sent => "a handshake in HTTP/1.0";

    protected override void Spoil(AuditRequest request) => request.HttpVersion = "HTTP/1.0";
}
