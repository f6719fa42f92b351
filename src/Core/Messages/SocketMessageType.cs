namespace MessageWebSockets;

/// <summary>What a message holds: the opcode of its first frame (RFC 6455 section 5.6), in the reference's numbers.</summary>
public enum SocketMessageType
{
    /// <summary>Any bytes.</summary>
    Binary = 0,

    /// <summary>Text in UTF-8.</summary>
    Utf8 = 1,
}
