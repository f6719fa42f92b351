using System.Text;

namespace MessageWebSockets;

/// <summary>
/// A message that is decided on before a connection sends it on its own: a connect message, a heartbeat, an automatic reply. A string
/// makes a text message, bytes make a binary one.
/// </summary>
/// <remarks>Immutable, and so safe from any thread.</remarks>
public sealed class PresetMessage
{
    private readonly byte[] _bytes;

    /// <summary>Makes a text message.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="ArgumentException">The text has a lone surrogate.</exception>
    public PresetMessage(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        _bytes = StrictUtf8.GetBytes(text, nameof(text));
        MessageType = SocketMessageType.Utf8;
    }

    /// <summary>Makes a binary message.</summary>
    /// <param name="bytes">The payload, which is copied.</param>
    public PresetMessage(byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        _bytes = [.. bytes];
        MessageType = SocketMessageType.Binary;
    }

    internal PresetMessage(byte[] bytes, SocketMessageType type)
    {
        _bytes = bytes;
        MessageType = type;
    }

    /// <summary>The type it is sent with.</summary>
    public SocketMessageType MessageType { get; }

    /// <summary>The payload, without the record separator it may be sent with.</summary>
    public ReadOnlyMemory<byte> AsMemory() => _bytes;

    /// <summary>The payload as text; bytes that are no UTF-8 become U+FFFD.</summary>
    public override string ToString() => Encoding.UTF8.GetString(_bytes);

    /// <summary>A text message of a string.</summary>
    /// <param name="text">The text.</param>
    public static implicit operator PresetMessage(string text) => FromString(text);

    /// <summary>A binary message of bytes.</summary>
    /// <param name="bytes">The payload.</param>
    public static implicit operator PresetMessage(byte[] bytes) => FromByteArray(bytes);

    /// <summary>A text message of a string.</summary>
    /// <param name="text">The text.</param>
    public static PresetMessage FromString(string text) => new(text);

    /// <summary>A binary message of bytes.</summary>
    /// <param name="bytes">The payload.</param>
    public static PresetMessage FromByteArray(byte[] bytes) => new(bytes);
}
