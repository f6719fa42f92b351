namespace MessageWebSockets;

/// <summary>
/// Answers one message of one client, with any number of <see cref="WebSocketEchoClient.SendAsync(string)"/>. The messages of a
/// client come one after the other, those of different clients at the same time.
/// </summary>
/// <param name="message">The message; its <see cref="WsMessageExtensions.GetSocket"/> gives null.</param>
/// <param name="client">Who sent it.</param>
/// <param name="cancellationToken">Cancelled when the connection has ended or the server stops.</param>
/// <returns>Completes when the message is dealt with; the next one is read then. A handler that fails costs its client the
/// connection (close code 1011), and nobody else anything.</returns>
public delegate Task WebSocketEchoHandler(WsMessage message, WebSocketEchoClient client, CancellationToken cancellationToken);
