namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Names two hosts, of which a proxy may take the one and the server the other.</summary>
internal sealed class HandshakeTwoHosts() : RefusedRequestCheck(
    "handshake-two-hosts",
    AuditSeverity.Medium,
    "RFC 9112 3.2",
    "Refuse requests with more than one Host header with 400: what stands in front may have taken the other one.")
{
    protected override string Sent => "a request with two Host headers";

    protected override void Spoil(AuditRequest request) => request.Add("Host", "other.invalid");
}
