namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Sends a frame without a mask.</summary>
internal sealed class FrameUnmasked() : FrameCheck(
    "frame-unmasked",
    AuditSeverity.Medium,
    "RFC 6455 5.1",
    "End the connection with 1002 when a frame of a client has no mask: masks keep proxies from taking payload for requests.")
{
    protected override IEnumerable<(string Sent, byte[] Bytes)> Faults() =>
    [
        ("a ping without a mask", ProbeFrame.Create(FrameOpcode.Ping, Reaction.PingPayload, isMasked: false)),
    ];
}
