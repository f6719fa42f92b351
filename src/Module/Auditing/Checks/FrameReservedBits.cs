using MessageWebSockets.Framing;

namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Sets bits that have no meaning; on a ping, where not even compression gives them one.</summary>
internal sealed class FrameReservedBits() : FrameCheck(
    "frame-reserved-bits",
    AuditSeverity.Low,
    "RFC 6455 5.2",
    "End the connection with 1002 when a reserved bit is set that no extension gave a meaning.")
{
    protected override IEnumerable<(string Sent, byte[] Bytes)> Faults() =>
    [
        ("a ping with RSV1", ProbeFrame.Create(FrameOpcode.Ping, Reaction.PingPayload, reserved: FrameHeader.Rsv1Bit)),
        ("a ping with RSV2", ProbeFrame.Create(FrameOpcode.Ping, Reaction.PingPayload, reserved: FrameHeader.Rsv1Bit >> 1)),
        ("a ping with RSV3", ProbeFrame.Create(FrameOpcode.Ping, Reaction.PingPayload, reserved: FrameHeader.Rsv1Bit >> 2)),
    ];
}
