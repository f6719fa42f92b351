namespace MessageWebSockets.TestServer;

/// <summary>When a fault strikes.</summary>
public enum FaultStage
{
    Handshake,
    Tls,
    Frames,
    Life,
}
