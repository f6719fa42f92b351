using System.Buffers;
using System.Text;

namespace MessageWebSockets;

/// <summary>A received message, or a chunk of one in <see cref="MessageWebSocketReceiveMode.PartialMessage"/>.</summary>
/// <remarks>Immutable but for <see cref="Bytes"/>, which hands out the received array itself.</remarks>
public sealed class WsMessage : ISized
{
    // A byte[] of the exact length, or a Payload.
    private readonly object _payload;
    private readonly long _receivedTicks;
    private string? _text;

    internal WsMessage(ReceivedData received, long receivedUtcTicks, object? origin)
    {
        _payload = received.Bytes ?? (object)received.Long!;
        _receivedTicks = receivedUtcTicks;
        MessageType = received.Type;
        IsMessageComplete = received.IsComplete;
        Length = received.Length;
        Origin = origin;
    }

    /// <summary>The payload in its natural form: a string for Utf8, a byte array for Binary.</summary>
    public object Data => MessageType == SocketMessageType.Utf8 ? Text : Bytes;

    /// <summary>
    /// The payload as text, decoded from UTF-8 when first asked for, whatever the type; bytes that are no UTF-8 become U+FFFD.
    /// </summary>
    public string Text => _text ??= _payload is byte[] bytes ? Encoding.UTF8.GetString(bytes) : ((Payload)_payload).ToText();

    /// <summary>The payload as it was received. A message of more than 64 KiB is put together when this is first asked for.</summary>
    public byte[] Bytes => _payload as byte[] ?? ((Payload)_payload).ToArray();

    /// <summary>The type its sender gave it.</summary>
    public SocketMessageType MessageType { get; }

    /// <summary>The length of the payload in bytes, after decompression.</summary>
    public int Length { get; }

    /// <summary>When its last byte arrived, in local time.</summary>
    public DateTime ReceivedAt => new DateTime(_receivedTicks, DateTimeKind.Utc).ToLocalTime();

    /// <summary>False for a chunk that is not the last of its message.</summary>
    public bool IsMessageComplete { get; }

    /// <summary>What it came through, for those who know what that may be.</summary>
    internal object? Origin { get; }

    /// <summary>The payload in one piece, as <see cref="Bytes"/>.</summary>
    public ReadOnlyMemory<byte> AsMemory() => Bytes;

    /// <summary>The payload without a copy, long messages in the segments they were received into.</summary>
    public ReadOnlySequence<byte> AsSequence() =>
        _payload is byte[] bytes ? new ReadOnlySequence<byte>(bytes) : ((Payload)_payload).AsSequence();

    /// <summary>The text.</summary>
    public override string ToString() => Text;
}
