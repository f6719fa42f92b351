using MessageWebSockets.Framing;

namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Sends a control frame that is too long.</summary>
internal sealed class FrameLongControl() : FrameCheck(
    "frame-long-control",
    AuditSeverity.Low,
    "RFC 6455 5.5",
    "End the connection with 1002 when a control frame has more than 125 bytes.")
{
    protected override IEnumerable<(string Sent, byte[] Bytes)> Faults() =>
    [
        ("a ping of 126 bytes", ProbeFrame.Create(FrameOpcode.Ping, new byte[ControlFrame.MaxPayload + 1])),
    ];
}
