namespace MessageWebSockets;

/// <summary>What a frame carries (RFC 6455 section 5.2).</summary>
public enum FrameOpcode
{
    /// <summary>A further fragment of a message.</summary>
    Continuation = 0x0,

    /// <summary>A text message, or its first fragment.</summary>
    Text = 0x1,

    /// <summary>A binary message, or its first fragment.</summary>
    Binary = 0x2,

    /// <summary>The close frame.</summary>
    Close = 0x8,

    /// <summary>A ping.</summary>
    Ping = 0x9,

    /// <summary>A pong.</summary>
    Pong = 0xA,
}
