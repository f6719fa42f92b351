namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Continues a message that was not begun.</summary>
internal sealed class FrameContinuation() : FrameCheck(
    "frame-continuation",
    AuditSeverity.Low,
    "RFC 6455 5.4",
    "End the connection with 1002 when a continuation comes and no message was begun.")
{
    protected override IEnumerable<(string Sent, byte[] Bytes)> Faults() =>
    [
        ("a continuation of nothing", ProbeFrame.Create(FrameOpcode.Continuation, "audit"u8)),
    ];

    protected override byte[] Right() => ProbeFrame.Create(FrameOpcode.Text, "audit"u8);
}
