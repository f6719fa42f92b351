namespace MessageWebSockets;

/// <summary>How a close handshake ended.</summary>
/// <param name="Code">The peer's close code; 1005 when its close frame was empty.</param>
/// <param name="Reason">The peer's reason; empty when there was none.</param>
public sealed record WebSocketCloseResult(ushort Code, string Reason);
