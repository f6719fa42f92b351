namespace MessageWebSockets;

/// <summary>The order of the bytes of a number, as in Windows.Storage.Streams.ByteOrder.</summary>
public enum ByteOrder
{
    /// <summary>The least significant byte comes first.</summary>
    LittleEndian = 0,

    /// <summary>The most significant byte comes first: network order.</summary>
    BigEndian = 1,
}
