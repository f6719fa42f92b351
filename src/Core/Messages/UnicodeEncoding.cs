namespace MessageWebSockets;

/// <summary>The encoding of a string in a message, as in Windows.Storage.Streams.UnicodeEncoding.</summary>
public enum UnicodeEncoding
{
    /// <summary>UTF-8; a code unit is one byte.</summary>
    Utf8 = 0,

    /// <summary>UTF-16, least significant byte first; a code unit is two bytes.</summary>
    Utf16LE = 1,

    /// <summary>UTF-16, most significant byte first; a code unit is two bytes.</summary>
    Utf16BE = 2,
}
