namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Sends opcodes that nobody defined, one of data and one of control.</summary>
internal sealed class FrameReservedOpcode() : FrameCheck(
    "frame-reserved-opcode",
    AuditSeverity.Low,
    "RFC 6455 5.2",
    "End the connection with 1002 when an opcode is not one that RFC 6455 defines.")
{
    protected override IEnumerable<(string Sent, byte[] Bytes)> Faults() =>
    [
        ("opcode 0x3", ProbeFrame.Create((FrameOpcode)0x3, "audit"u8)),
        ("opcode 0xB", ProbeFrame.Create((FrameOpcode)0xB, "audit"u8)),
    ];
}
