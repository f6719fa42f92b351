namespace MessageWebSockets.TestServer;

/// <summary>The opcodes of RFC 6455 5.2; a reserved one is a cast away, which is what a fault needs.</summary>
public enum FrameOpcode
{
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}
