using System.Text;

namespace MessageWebSockets;

/// <summary>A received message, or a chunk of one in <see cref="MessageWebSocketReceiveMode.PartialMessage"/>.</summary>
/// <remarks>Immutable but for <see cref="Bytes"/>, which hands out the received array itself.</remarks>
public sealed class WsMessage
{
    private readonly byte[] _payload;
    private readonly long _receivedTicks;
    private string? _text;

    internal WsMessage(byte[] payload, SocketMessageType messageType, bool isMessageComplete, long receivedUtcTicks, MessageWebSocket? socket)
    {
        _payload = payload;
        _receivedTicks = receivedUtcTicks;
        MessageType = messageType;
        IsMessageComplete = isMessageComplete;
        Socket = socket;
    }

    /// <summary>The payload in its natural form: a string for Utf8, a byte array for Binary.</summary>
    public object Data => MessageType == SocketMessageType.Utf8 ? Text : Bytes;

    /// <summary>The payload as text, decoded from UTF-8 when first asked for, whatever the type; bytes that are no UTF-8 become U+FFFD.</summary>
    public string Text => _text ??= Encoding.UTF8.GetString(_payload);

    /// <summary>The payload as it was received.</summary>
    public byte[] Bytes => _payload;

    /// <summary>The type its sender gave it.</summary>
    public SocketMessageType MessageType { get; }

    /// <summary>The length of the payload in bytes, after decompression.</summary>
    public int Length => _payload.Length;

    /// <summary>When its last byte arrived, in local time.</summary>
    public DateTime ReceivedAt => new DateTime(_receivedTicks, DateTimeKind.Utc).ToLocalTime();

    /// <summary>False for a chunk that is not the last of its message.</summary>
    public bool IsMessageComplete { get; }

    /// <summary>The socket it came through.</summary>
    public MessageWebSocket? Socket { get; }

    /// <summary>The payload without a copy.</summary>
    public ReadOnlyMemory<byte> AsMemory() => _payload;

    /// <summary>The text.</summary>
    public override string ToString() => Text;
}
