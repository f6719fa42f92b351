using System.Buffers;
using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Text;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>What is sent for an object: text as a string, which needs no copy, or bytes.</summary>
/// <param name="Text">The text of a text message; null when <paramref name="Bytes"/> has the payload.</param>
/// <param name="Bytes">The payload where there is no text.</param>
/// <param name="Type">The type of the message.</param>
internal readonly record struct OutgoingMessage(string? Text, ReadOnlySequence<byte> Bytes, SocketMessageType Type)
{
    /// <summary>The payload in bytes, whichever form it has.</summary>
    public ReadOnlyMemory<byte> Payload =>
        Text is not null ? Encoding.UTF8.GetBytes(Text) : Bytes.IsSingleSegment ? Bytes.First : Bytes.ToArray();

    /// <summary>The length of the payload in bytes.</summary>
    public int Length => Text is null ? (int)Bytes.Length : Encoding.UTF8.GetByteCount(Text);

    // What Export-Clixml, a job or another machine makes of a message, and of one that is the target of an error.
    private static readonly string[] s_copies =
        ["Deserialized.MessageWebSockets.WsMessage", "Deserialized.MessageWebSockets.PowerShell.WsMessageTarget"];

    /// <summary>
    /// What an object of a pipeline is for the methods here: without PowerShell's wrapping, unless that is all there is. A message that
    /// comes from Export-Clixml, a job or another machine is properties in such a wrapping.
    /// </summary>
    public static object? Unwrap(object? item) => item is PSObject wrapped && !IsCopy(wrapped) ? wrapped.BaseObject : item;

    /// <summary>The message an object stands for; false for one that is none.</summary>
    /// <param name="item">A string, bytes in one of their shapes, or a received message.</param>
    /// <param name="type">The type the user asked for; null for that of the object.</param>
    /// <param name="message">The message.</param>
    public static bool TryFrom(object? item, SocketMessageType? type, out OutgoingMessage message)
    {
        switch (item)
        {
            case string text:
                message = OfText(text, type);
                return true;
            case byte[] bytes:
                message = OfBytes(bytes, type);
                return true;
            case WsMessage received:
                message = new OutgoingMessage(null, received.AsSequence(), type ?? received.MessageType);
                return true;
            case WsMessageTarget target:
                return TryFrom(target.Message, type, out message);
            case PSObject copy when IsCopy(copy) && TryFromCopy(copy, type, out message):
                return true;
            case ReadOnlyMemory<byte> bytes:
                message = OfBytes(bytes, type);
                return true;
            case Memory<byte> bytes:
                message = OfBytes(bytes, type);
                return true;
            case IEnumerable<byte> bytes:
                message = OfBytes(bytes.ToArray(), type);
                return true;
            case IList { Count: > 0 } list when AsBytes(list) is { } bytes:
                message = OfBytes(bytes, type);
                return true;
            default:
                message = default;
                return false;
        }
    }

    private static bool IsCopy(PSObject item) => item.BaseObject is PSCustomObject && s_copies.Any(item.TypeNames.Contains);

    // As the message was: its data, in its type.
    private static bool TryFromCopy(PSObject copy, SocketMessageType? type, out OutgoingMessage message)
    {
        message = default;
        object? data = Unwrap(copy.Properties["Data"]?.Value);
        return data is string or byte[]
            && LanguagePrimitives.TryConvertTo(
                Unwrap(copy.Properties["MessageType"]?.Value), CultureInfo.InvariantCulture, out SocketMessageType own)
            && TryFrom(data, type ?? own, out message);
    }

    public static OutgoingMessage OfText(string text, SocketMessageType? type = null) => type == SocketMessageType.Binary
        ? OfBytes(Encoding.UTF8.GetBytes(text), SocketMessageType.Binary)
        : new OutgoingMessage(text, default, SocketMessageType.Utf8);

    public static OutgoingMessage OfBytes(ReadOnlyMemory<byte> bytes, SocketMessageType? type = null) =>
        new(null, new ReadOnlySequence<byte>(bytes), type ?? SocketMessageType.Binary);

    /// <summary>
    /// The bytes of a list of bytes, or of integers from 0 to 255, as PowerShell makes them of 0xC0, 0; null if there is anything else in
    /// it.
    /// </summary>
    public static byte[]? AsBytes(IList list)
    {
        byte[] bytes = new byte[list.Count];
        for (int index = 0; index < bytes.Length; index++)
        {
            if (AsByte(list[index]) is not { } value)
            {
                return null;
            }

            bytes[index] = value;
        }

        return bytes;
    }

    /// <summary>A byte, or an integer from 0 to 255 as one; null for anything else.</summary>
    public static byte? AsByte(object? item) => (item is PSObject wrapped ? wrapped.BaseObject : item) switch
    {
        byte value => value,
        int value and >= 0 and <= byte.MaxValue => (byte)value,
        long value and >= 0 and <= byte.MaxValue => (byte)value,
        short value and >= 0 and <= byte.MaxValue => (byte)value,
        ushort value and <= byte.MaxValue => (byte)value,
        uint value and <= byte.MaxValue => (byte)value,
        ulong value and <= byte.MaxValue => (byte)value,
        sbyte value and >= 0 => (byte)value,
        _ => null,
    };

    /// <summary>Hands the message to a socket; see <see cref="MessageWebSocket.SendAsync(string, CancellationToken)"/>.</summary>
    public ValueTask SendAsync(MessageWebSocket socket, CancellationToken cancellationToken) => Text is null
        ? socket.SendSequenceAsync(Bytes, Type, cancellationToken)
        : socket.SendAsync(Text, cancellationToken);
}
