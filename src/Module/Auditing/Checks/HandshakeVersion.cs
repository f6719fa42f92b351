namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Asks for a version of the protocol that does not exist.</summary>
internal sealed class HandshakeVersion() : RefusedRequestCheck(
    "handshake-version",
    AuditSeverity.Low,
    "RFC 6455 4.2.2, 4.4",
    "Refuse versions other than 13 with 426 Upgrade Required and the header Sec-WebSocket-Version: 13.")
{
    protected override string Sent => "Sec-WebSocket-Version 99";

    protected override void Spoil(AuditRequest request) => request.Set(AuditRequest.VersionHeader, "99");

    // Section 4.2.2 wants an error code "such as" 426, and the header whatever the code is.
    protected override Verdict JudgeRefusal(AuditAnswer answer, string evidence) =>
        answer.ListOf(AuditRequest.VersionHeader).ToArray() switch
        {
            [] => Verdict.Failed($"{evidence}, without Sec-WebSocket-Version"),
            var versions when versions.Contains("13") =>
                Verdict.Passed($"{evidence}, Sec-WebSocket-Version: {AuditAnswer.Shown(string.Join(", ", versions))}"),
            var versions =>
                Verdict.Failed($"{evidence}, Sec-WebSocket-Version: {AuditAnswer.Shown(string.Join(", ", versions))}, without 13"),
        };
}
