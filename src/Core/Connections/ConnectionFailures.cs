using System.Globalization;
using System.Net.Sockets;
using System.Net.WebSockets;

namespace MessageWebSockets.Connections;

/// <summary>
/// Tells how a connection ended abnormally: what happened, with which peer, and what to try (the table "Errors" of the contract).
/// </summary>
internal sealed class ConnectionFailures(Uri uri, FrameStream transport)
{
    private readonly string _peer = PeerText.Name(uri);

    /// <summary>The peer did not answer the close frame.</summary>
    public MessageWebSocketException Unanswered(TimeSpan timeout, Exception cause) =>
        new(
            $"{_peer} did not answer the close frame within {Seconds(timeout)}. The connection was dropped.",
            HResults.Timeout,
            cause)
        {
            PeerUri = uri,
        };

    /// <summary>The caller did not wait for the peer's close frame any longer.</summary>
    public MessageWebSocketException GivenUp(Exception cause) =>
        new(
            $"{_peer} had not answered the close frame when the wait for it was cancelled. The connection was dropped.",
            HResults.ConnectionAborted,
            cause)
        {
            PeerUri = uri,
        };

    /// <summary>The peer closed the connection in order while something was waited for.</summary>
    /// <param name="close">What it said.</param>
    /// <param name="awaited">What was waited for.</param>
    /// <param name="cause">What the wait ended with.</param>
    public MessageWebSocketException ClosedByPeer(WebSocketCloseResult close, string awaited, Exception cause) =>
        new(ClosedBefore(close, $"{awaited} came"), HResults.ConnectionAborted, cause)
        {
            PeerUri = uri,
            IsClosedByPeer = true,
        };

    /// <summary>The peer's close in a sentence.</summary>
    /// <param name="close">What it said.</param>
    /// <param name="what">What did not come about, as in "the pong came".</param>
    public string ClosedBefore(WebSocketCloseResult close, string what) =>
        $"{_peer} closed the connection {PeerText.Close(close.Code, close.Reason)} before {what}.";

    /// <summary>The peer gave no sign of life.</summary>
    public MessageWebSocketException Vanished(TimeSpan timeout) =>
        new(
            $"{_peer} gave no sign of life within {Seconds(timeout)} after a keep-alive ping. "
            + "The connection was dropped; connect again.",
            HResults.Timeout)
        {
            PeerUri = uri,
        };

    /// <summary>The code to close with (RFC 6455 section 7.4.1); null when it is not we who refuse what came.</summary>
    public ushort? RefusalCodeOf(MessageWebSocketException failure, Exception cause) => failure.HResult switch
    {
        HResults.MessageTooLarge => 1009,
        HResults.InvalidServerResponse =>
            ViolationIn(cause)?.CloseCode ?? transport.RefusalCode ?? ProtocolViolationException.ProtocolError,
        _ => null,
    };

    // What is thrown below the framing comes out of it as the cause of what it throws.
    private static ProtocolViolationException? ViolationIn(Exception e) =>
        e as ProtocolViolationException ?? e.InnerException as ProtocolViolationException;

    /// <summary>What a receive failed with, for whoever reads.</summary>
    public MessageWebSocketException OfReceive(Exception e)
    {
        switch (e)
        {
            case MessageTooLargeException { Size: var size, Limit: var limit, IsExact: var isExact }:
                string bound = limit == Array.MaxLength
                    ? $"no more than {limit} can be put together; receive it in chunks (ReceiveMode PartialMessage)"
                    : $"MaxMessageSize is {limit}. Raise MaxMessageSize to receive it";
                return new MessageWebSocketException(
                    $"The message from {_peer} exceeds the limit: {(isExact ? "it has" : "it has at least")} {size} bytes and {bound}.",
                    HResults.MessageTooLarge,
                    e)
                {
                    PeerUri = uri,
                };
            case Exception when ViolationIn(e) is { } violation:
                return ProtocolError(violation.Message, e);
            case WebSocketException when transport.RefusalCode is not null:
                return ProtocolError(e.Message, e);
            case IOException or WebSocketException or ObjectDisposedException or OperationCanceledException:
                return Lost(e);
            case OutOfMemoryException:
                return new MessageWebSocketException($"There is not enough memory for a message from {_peer}.", HResults.MessageTooLarge, e)
                {
                    PeerUri = uri,
                };
            default:
                return ProtocolError(e.Message, e);
        }
    }

    private MessageWebSocketException ProtocolError(string why, Exception cause) =>
        new($"{_peer} broke the WebSocket protocol: {why}", HResults.InvalidServerResponse, cause) { PeerUri = uri };

    /// <summary>The connection is lost.</summary>
    public MessageWebSocketException Lost(Exception e)
    {
        // A broken pipe is no reset: it is what a write meets once the peer has ended the connection.
        if (transport.WasReset)
        {
            return new MessageWebSocketException($"{_peer} reset the connection. Connect again to go on.", HResults.ConnectionReset, e)
            {
                PeerUri = uri,
            };
        }

        if (transport.Http2Fault is { } ended)
        {
            return new MessageWebSocketException(
                $"{_peer} ended the connection over HTTP/2: {PeerText.Http2(ended)}. Connect again to go on.",
                HResults.ConnectionAborted,
                e)
            {
                PeerUri = uri,
            };
        }

        if (transport.TlsFault is { } broken)
        {
            string what = PeerText.Clean(broken.GetBaseException().Message.TrimEnd('.'));
            return new MessageWebSocketException(
                $"{_peer} broke the TLS connection, or somebody on the way did: {what}. Connect again to go on.",
                HResults.ConnectionAborted,
                broken)
            {
                PeerUri = uri,
            };
        }

        Exception? cause = transport.Fault ?? e;
        while (cause is not null and not SocketException)
        {
            cause = cause.InnerException;
        }

        return cause is SocketException { SocketErrorCode: SocketError.TimedOut }
            ? new MessageWebSocketException($"{_peer} no longer answers. Connect again to go on.", HResults.Timeout, e) { PeerUri = uri }
            : new MessageWebSocketException(
                $"{_peer} ended the connection without a close frame. Connect again to go on.", HResults.ConnectionAborted, e)
            {
                PeerUri = uri,
            };
    }

    // Alike in every culture, as all numbers in texts are.
    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture) + " s";
}
