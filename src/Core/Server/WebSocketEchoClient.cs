using System.Net;
using System.Net.WebSockets;

namespace MessageWebSockets;

/// <summary>One client of a <c>WebSocketEchoServer</c>.</summary>
/// <remarks>Thread-safe. It can be used as long as one likes; once the connection has ended, nothing has an effect any more.</remarks>
public sealed class WebSocketEchoClient
{
    private readonly AcceptedUpgrade _upgrade;
    private readonly Func<ServerMessage, CancellationToken, Task> _send;
    private readonly Action<Exception> _report;

    /// <param name="id">Its number.</param>
    /// <param name="remoteEndPoint">Where it connected from.</param>
    /// <param name="upgrade">Its handshake.</param>
    /// <param name="connection">Its connection.</param>
    /// <param name="send">Sends a message to it, or on its behalf to all; completes when that is queued.</param>
    /// <param name="report">Keeps an error.</param>
    internal WebSocketEchoClient(
        int id,
        EndPoint? remoteEndPoint,
        AcceptedUpgrade upgrade,
        ServerConnection connection,
        Func<ServerMessage, CancellationToken, Task> send,
        Action<Exception> report)
    {
        Id = id;
        RemoteEndPoint = remoteEndPoint;
        Connection = connection;
        _upgrade = upgrade;
        _send = send;
        _report = report;
    }

    /// <summary>A number that no other client of the server has.</summary>
    public int Id { get; }

    /// <summary>Where it connected from.</summary>
    public EndPoint? RemoteEndPoint { get; }

    /// <summary>The path and query it asked for.</summary>
    public string Path => _upgrade.Request.Target;

    /// <summary>The subprotocol that was agreed on; "" for none.</summary>
    public string Protocol => _upgrade.Protocol ?? "";

    /// <summary>Whether permessage-deflate was agreed on (RFC 7692).</summary>
    public bool IsCompressed => _upgrade.Compression is not null;

    /// <summary>
    /// The headers of its request, without control characters: a request that has them is refused. Where one came several times, its
    /// values are joined with commas (RFC 9110 section 5.2).
    /// </summary>
    public IReadOnlyDictionary<string, string> Headers => field ??= _upgrade.Request.Headers();

    /// <summary>When its connection was established, in local time.</summary>
    public DateTime Connected { get; } = DateTime.Now;

    /// <summary>How many messages came from it.</summary>
    public long MessagesReceived => Connection.Messages.Received;

    /// <summary>How many messages were sent to it.</summary>
    public long MessagesSent => Connection.Messages.Sent;

    internal ServerConnection Connection { get; }

    /// <summary>Sends a text message, to every client if the server broadcasts.</summary>
    /// <param name="text">The text, without lone surrogates: those have no UTF-8 form.</param>
    /// <returns>Completes when the message is queued, which waits for room, in the order of the calls; at once, without effect, when the
    /// connection has ended.</returns>
    /// <exception cref="ArgumentException">The text has a lone surrogate.</exception>
    public Task SendAsync(string text) => SendAsync(text, CancellationToken.None);

    /// <inheritdoc cref="SendAsync(string)"/>
    /// <param name="text">The text, without lone surrogates: those have no UTF-8 form.</param>
    /// <param name="cancellationToken">Ends the wait for room; the message is not sent then.</param>
    /// <exception cref="OperationCanceledException">The wait was ended.</exception>
    public Task SendAsync(string text, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(text);
        return SendAsync(new ServerMessage(StrictUtf8.Encoding.GetBytes(text), WebSocketMessageType.Text), cancellationToken);
    }

    /// <summary>Sends a binary message, to every client if the server broadcasts.</summary>
    /// <param name="bytes">The payload, which is copied.</param>
    /// <returns>As for <see cref="SendAsync(string)"/>.</returns>
    public Task SendAsync(ReadOnlyMemory<byte> bytes) => SendAsync(bytes, CancellationToken.None);

    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte})"/>
    /// <param name="bytes">The payload, which is copied.</param>
    /// <param name="cancellationToken">Ends the wait for room; the message is not sent then.</param>
    /// <exception cref="OperationCanceledException">The wait was ended.</exception>
    public Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        SendAsync(new ServerMessage(bytes.ToArray(), WebSocketMessageType.Binary), cancellationToken);

    /// <summary>Counts an error of a handler that does not end the connection, and keeps it in <c>Errors</c> of the server.</summary>
    /// <param name="error">What went wrong.</param>
    public void ReportError(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        _report(error);
    }

    /// <summary>Where it connected from.</summary>
    public override string ToString() => RemoteEndPoint?.ToString() ?? $"client {Id}";

    private async Task SendAsync(ServerMessage message, CancellationToken cancellationToken)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Connection.Ended);
        try
        {
            await _send(message, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The connection has ended, and nobody is there to send to.
        }
    }
}
