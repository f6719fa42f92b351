namespace MessageWebSockets.Messages;

/// <summary>What one receive brought.</summary>
/// <param name="Bytes">The payload in an array of its exact length; null when it is long or the peer closed.</param>
/// <param name="Long">The payload of a long message; null otherwise.</param>
/// <param name="Type">The type its sender gave it.</param>
/// <param name="IsComplete">Whether it is the last of its message.</param>
internal readonly record struct ReceivedData(byte[]? Bytes, Payload? Long, SocketMessageType Type, bool IsComplete)
{
    private readonly int _lengthElsewhere;

    private ReceivedData(int length, bool isComplete)
        : this([], null, SocketMessageType.Binary, isComplete)
    {
        _lengthElsewhere = length;
    }

    /// <summary>Whether this is the peer's close frame and not data.</summary>
    public bool IsClose => Bytes is null && Long is null;

    /// <summary>How many bytes of payload it brought.</summary>
    public int Length => _lengthElsewhere + (Bytes?.Length ?? Long?.Length ?? 0);

    /// <summary>Bytes that were put where they belong as they were received.</summary>
    public static ReceivedData InPlace(int length, bool isComplete) => new(length, isComplete);
}
