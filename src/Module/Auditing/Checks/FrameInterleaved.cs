namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Begins a message inside another one.</summary>
internal sealed class FrameInterleaved() : FrameCheck(
    "frame-interleaved",
    AuditSeverity.Low,
    "RFC 6455 5.4",
    "End the connection with 1002 when a message begins inside another one.")
{
    protected override IEnumerable<(string Sent, byte[] Bytes)> Faults() =>
    [
        (
            "a text inside a fragmented text",
            [.. ProbeFrame.Create(FrameOpcode.Text, "audit"u8, isFinal: false), .. ProbeFrame.Create(FrameOpcode.Text, "audit"u8)]
        ),
    ];

    protected override byte[] Right() =>
        [.. ProbeFrame.Create(FrameOpcode.Text, "au"u8, isFinal: false), .. ProbeFrame.Create(FrameOpcode.Continuation, "dit"u8)];
}
