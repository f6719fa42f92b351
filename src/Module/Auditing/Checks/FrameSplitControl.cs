namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Sends a control frame in fragments.</summary>
internal sealed class FrameSplitControl() : FrameCheck(
    "frame-split-control",
    AuditSeverity.Low,
    "RFC 6455 5.5",
    "End the connection with 1002 when a control frame is fragmented.")
{
    protected override IEnumerable<(string Sent, byte[] Bytes)> Faults() =>
    [
        ("a ping without FIN", ProbeFrame.Create(FrameOpcode.Ping, Reaction.PingPayload, isFinal: false)),
    ];
}
