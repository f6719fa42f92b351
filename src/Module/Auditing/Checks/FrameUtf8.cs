namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>
/// Sends text that is not UTF-8: a byte that no character has, a character in more bytes than it needs, half a surrogate pair, and an
/// unfinished character.
/// </summary>
internal sealed class FrameUtf8() : FrameCheck(
    "frame-utf8",
    AuditSeverity.Medium,
    "RFC 6455 8.1",
    "End the connection with 1007 when a text message is not UTF-8: what is behind it may read it in another way.")
{
    protected override IEnumerable<(string Sent, byte[] Bytes)> Faults() =>
    [
        ("text with the byte FF", ProbeFrame.Create(FrameOpcode.Text, [0x61, 0xFF])),
        ("text with an overlong character", ProbeFrame.Create(FrameOpcode.Text, [0xC0, 0xAF])),
        ("text with a lone surrogate", ProbeFrame.Create(FrameOpcode.Text, [0xED, 0xA0, 0x80])),
        ("text that ends inside a character", ProbeFrame.Create(FrameOpcode.Text, [0xE2, 0x82])),
    ];

    protected override IReadOnlyList<int> Codes => [1007];

    protected override byte[] Right() => ProbeFrame.Create(FrameOpcode.Text, "audit"u8);
}
