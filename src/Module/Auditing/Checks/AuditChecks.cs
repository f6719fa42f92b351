namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>All checks, in the order of their results. A new one is a file here and a line.</summary>
internal static class AuditChecks
{
    public static IReadOnlyList<AuditCheck> All { get; } =
    [
        new HandshakeAccept(),
        new HandshakeVersion(),
        new HandshakeKeyMissing(),
        new HandshakeKeyShort(),
        new HandshakeMethod(),
        new HandshakeHttp10(),
        new HandshakeSubprotocol(),
        new HandshakeExtension(),
        new HandshakeTwoHosts(),
        new HandshakeLargeHeader(),
        new FrameUnmasked(),
        new FrameReservedBits(),
        new FrameReservedOpcode(),
        new FrameSplitControl(),
        new FrameLongControl(),
        new FrameContinuation(),
        new FrameInterleaved(),
        new FrameUtf8(),
        new FrameUtf8Split(),
        new FrameCloseCodes(),
        new FrameLengthTopBit(),
        new LifePing(),
        new LifePingInMessage(),
        new LifeCloseAnswered(),
        new LifeTcpEnd(),
    ];
}
