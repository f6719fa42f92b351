using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace MessageWebSockets;

/// <content>Messages that are sent whole.</content>
public sealed partial class MessageWebSocket
{
    private const int MaxCharactersOnStack = 256;
    private const int MaxUtf8BytesPerChar = 3;

    /// <summary>Sends a text message.</summary>
    /// <param name="message">The text, without lone surrogates: those have no UTF-8 form.</param>
    /// <param name="cancellationToken">Ends the wait for other senders and for room in the send buffer; the message was then not
    /// sent.</param>
    /// <returns>Completes when the message is in the send buffer; <see cref="FlushAsync"/> waits for the network.</returns>
    /// <exception cref="ArgumentException">The text has a lone surrogate; nothing was sent.</exception>
    /// <exception cref="InvalidOperationException">Not connected yet (E_ILLEGAL_METHOD_CALL).</exception>
    /// <exception cref="ObjectDisposedException">Closed (RO_E_CLOSED).</exception>
    /// <exception cref="MessageWebSocketException">The connection is broken.</exception>
    public ValueTask SendAsync(string message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);

        try
        {
            if (message.Length > MaxCharactersOnStack)
            {
                return _client.WritableConnection().Sender.SendAsync(
                    StrictUtf8.Encoding.GetBytes(message).AsMemory(), SocketMessageType.Utf8, cancellationToken);
            }

            // Most messages are short; they go into the send buffer without an array of their own.
            Span<byte> buffer = stackalloc byte[MaxCharactersOnStack * MaxUtf8BytesPerChar];
            int length = StrictUtf8.Encoding.GetBytes(message, buffer);
            return _client.WritableConnection().Sender.SendAsync(buffer[..length], SocketMessageType.Utf8, cancellationToken);
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException(
                $"The text has half a surrogate pair at index {e.Index}; it has no UTF-8 form. Send it as binary, or repair it.",
                nameof(message),
                e);
        }
    }

    /// <summary>Sends a message.</summary>
    /// <param name="message">The payload; not to be changed until the returned task completes.</param>
    /// <param name="type">Its type; Utf8 must be UTF-8.</param>
    /// <param name="cancellationToken">Ends the wait for other senders and for room in the send buffer; the message was then not
    /// sent.</param>
    /// <returns>Completes when the message is in the send buffer; <see cref="FlushAsync"/> waits for the network.</returns>
    /// <exception cref="ArgumentException">The type is Utf8 and the payload is not UTF-8; nothing was sent.</exception>
    /// <exception cref="InvalidOperationException">Not connected yet (E_ILLEGAL_METHOD_CALL).</exception>
    /// <exception cref="ObjectDisposedException">Closed (RO_E_CLOSED).</exception>
    /// <exception cref="MessageWebSocketException">The connection is broken.</exception>
    public ValueTask SendAsync(ReadOnlyMemory<byte> message, SocketMessageType type, CancellationToken cancellationToken = default)
    {
        ContractError.ThrowIfUndefined(type, nameof(type));
        ReadOnlyMemory<byte> own = OwnMemory.Of(message);
        if (type == SocketMessageType.Utf8 && !Utf8.IsValid(own.Span))
        {
            throw new ArgumentException("The bytes are not UTF-8 and cannot be a text message; send them as binary.", nameof(message));
        }

        return _client.WritableConnection().Sender.SendAsync(own, type, cancellationToken);
    }

    /// <summary>Sends a message whose payload is in several pieces, without putting it together first.</summary>
    /// <remarks>No overload of <c>SendAsync</c>: PowerShell makes a sequence of a byte array as readily as memory.</remarks>
    /// <param name="message">The payload, of at most <see cref="Array.MaxLength"/> bytes; not to be changed until the returned task
    /// completes.</param>
    /// <param name="type">Its type; Utf8 must be UTF-8.</param>
    /// <param name="cancellationToken">Ends the wait for other senders and for room in the send buffer; the message was then not
    /// sent.</param>
    /// <returns>Completes when the message is in the send buffer; <see cref="FlushAsync"/> waits for the network.</returns>
    /// <exception cref="ArgumentException">The type is Utf8 and the payload is not UTF-8, or it is too long; nothing was sent.</exception>
    /// <exception cref="InvalidOperationException">Not connected yet (E_ILLEGAL_METHOD_CALL).</exception>
    /// <exception cref="ObjectDisposedException">Closed (RO_E_CLOSED).</exception>
    /// <exception cref="MessageWebSocketException">The connection is broken.</exception>
    public ValueTask SendSequenceAsync(
        ReadOnlySequence<byte> message, SocketMessageType type, CancellationToken cancellationToken = default)
    {
        ContractError.ThrowIfUndefined(type, nameof(type));
        if (message.Length > Array.MaxLength)
        {
            throw new ArgumentException(
                $"The payload has {message.Length} bytes, and a message at most {Array.MaxLength}.", nameof(message));
        }

        ReadOnlySequence<byte> own = OwnMemory.Of(message);
        if (type == SocketMessageType.Utf8 && !Utf8Watch.IsText(own))
        {
            throw new ArgumentException("The bytes are not UTF-8 and cannot be a text message; send them as binary.", nameof(message));
        }

        return _client.WritableConnection().Sender.SendAsync(own, type, cancellationToken);
    }

    /// <summary>Sends a received message on as it is: its payload, which is not put together, in its type.</summary>
    /// <param name="message">The message; not to be disposed until the returned task completes. A chunk of one
    /// (<see cref="MessageWebSocketReceiveMode.PartialMessage"/>) becomes a message of its own.</param>
    /// <param name="cancellationToken">Ends the wait for other senders and for room in the send buffer; the message was then not
    /// sent.</param>
    /// <returns>Completes when the message is in the send buffer; <see cref="FlushAsync"/> waits for the network.</returns>
    /// <exception cref="InvalidOperationException">Not connected yet (E_ILLEGAL_METHOD_CALL).</exception>
    /// <exception cref="ObjectDisposedException">Closed (RO_E_CLOSED), or the message was disposed.</exception>
    /// <exception cref="MessageWebSocketException">The connection is broken.</exception>
    public ValueTask ForwardAsync(WsMessage message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return _client.WritableConnection().Sender.SendAsync(message.AsSequence(), message.MessageType, cancellationToken);
    }

    /// <summary>Waits until every message accepted so far was handed to the network.</summary>
    /// <exception cref="MessageWebSocketException">The connection broke before; Information.MessagesWritten of Information.MessagesSent
    /// were handed over.</exception>
    public Task FlushAsync(CancellationToken cancellationToken = default) => _client.WritableConnection().FlushAsync(cancellationToken);
}
