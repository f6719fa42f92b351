namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Announces a frame of 2^63 bytes, a length that no frame can have.</summary>
internal sealed class FrameLengthTopBit() : FrameCheck(
    "frame-length-top-bit",
    AuditSeverity.Medium,
    "RFC 6455 5.2",
    "End the connection with 1002 when the length of a frame has its top bit set, before anything is set aside for it.")
{
    protected override IEnumerable<(string Sent, byte[] Bytes)> Faults() =>
    [
        ("a length of 2^63", [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    ];

    // 1009 says that it is too long, which it is as well.
    protected override IReadOnlyList<int> Codes => [1002, 1009];

    protected override byte[] Right() => ProbeFrame.Create(FrameOpcode.Text, "audit"u8);
}
