using System.Buffers;
using System.Text;

namespace MessageWebSockets;

/// <summary>A received message, or a chunk of one in <see cref="MessageWebSocketReceiveMode.PartialMessage"/>.</summary>
/// <remarks>
/// Immutable but for <see cref="Bytes"/>, which hands out the received array itself, and <see cref="Dispose"/>.
/// <para>
/// It need not be disposed of: the garbage collector takes what nobody holds. Who receives many messages of more than 64 KiB and is done
/// with each spares fresh memory for the next ones with <c>using</c>.
/// </para>
/// </remarks>
public sealed class WsMessage : IInboxItem, IDisposable
{
    private static readonly object s_disposed = new();

    // A byte[] of the exact length, a Payload, or s_disposed.
    private object _payload;
    private readonly long _receivedTicks;
    private string? _text;
    private bool _isShown;

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
    /// <exception cref="ObjectDisposedException">It was disposed of before its text was asked for.</exception>
    public string Text => _text ??= Kept is var kept && kept is byte[] bytes ? Encoding.UTF8.GetString(bytes) : ((Payload)kept).ToText();

    /// <summary>The payload as it was received. A message of more than 64 KiB is put together when this is first asked for.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed of.</exception>
    public byte[] Bytes => Kept is var kept && kept is byte[] bytes ? bytes : ((Payload)kept).ToArray();

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

    private object Kept => _payload is var payload && payload != s_disposed
        ? payload
        : throw new ObjectDisposedException(
            nameof(WsMessage), "The message was disposed of, and its payload is gone. Take from it what is needed before that.");

    /// <summary>The payload in one piece, as <see cref="Bytes"/>.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed of.</exception>
    public ReadOnlyMemory<byte> AsMemory() => Bytes;

    /// <summary>The payload without a copy, long messages in the segments they were received into.</summary>
    /// <remarks>It is valid until the message is disposed of; the segments then take what others receive.</remarks>
    /// <exception cref="ObjectDisposedException">It was disposed of.</exception>
    public ReadOnlySequence<byte> AsSequence() =>
        Kept is var kept && kept is byte[] bytes ? new ReadOnlySequence<byte>(bytes) : ((Payload)kept).AsSequence();

    /// <summary>
    /// Gives the memory of the payload back, for what is received next. For whoever received the message, once nobody reads its payload any
    /// more: not for one that was only looked at in the inbox. <see cref="Text"/> and <see cref="Bytes"/> that were taken before stay.
    /// </summary>
    public void Dispose()
    {
        // A filter, or whoever looks through the inbox, may be reading what another one takes: that memory is the garbage collector's.
        object payload = Interlocked.Exchange(ref _payload, s_disposed);
        if (!_isShown)
        {
            (payload as Payload)?.Dispose();
        }
    }

    void IInboxItem.NoteShown() => _isShown = true;

    /// <summary>Disposes of a long message for who has taken it from the inbox, unless somebody else may have it.</summary>
    internal void Release()
    {
        if (_payload is Payload && !_isShown)
        {
            Dispose();
        }
    }

    /// <summary>The text; "" once it is disposed of, if nobody asked for it before.</summary>
    public override string ToString() => _text ?? (_payload == s_disposed ? "" : Text);
}
