namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>
/// Sends text that is not UTF-8 only where its fragments are put together, and for comparison a character across fragments.
/// </summary>
internal sealed class FrameUtf8Split() : FrameCheck(
    "frame-utf8-split",
    AuditSeverity.Medium,
    "RFC 6455 8.1, 5.6",
    "Check the text of a message across its fragments, and end the connection with 1007 when it is not UTF-8.")
{
    protected override IEnumerable<(string Sent, byte[] Bytes)> Faults() =>
    [
        ("text that breaks off inside a character at the end of a fragment",
        [
            .. ProbeFrame.Create(FrameOpcode.Text, [0x61, 0xE2, 0x82], isFinal: false),
            .. ProbeFrame.Create(FrameOpcode.Continuation, "a"u8),
        ]),
    ];

    protected override IReadOnlyList<int> Codes => [1007];

    protected override byte[] Right() =>
        [
            .. ProbeFrame.Create(FrameOpcode.Text, [0x61, 0xE2, 0x82], isFinal: false),
            .. ProbeFrame.Create(FrameOpcode.Continuation, [0xAC]),
        ];
}
