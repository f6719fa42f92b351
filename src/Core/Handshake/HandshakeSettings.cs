namespace MessageWebSockets;

/// <summary>What every attempt of one connect works with.</summary>
/// <param name="Control">The settings, frozen for the time of the connect.</param>
/// <param name="Information">Where what the attempts find is written.</param>
/// <param name="RequestHeaders">The headers the user adds.</param>
/// <param name="Protocols">The subprotocols to offer: a copy, because the user's list may change at any time.</param>
/// <param name="CustomValidation">Asks the user's handlers about the server certificate; null without handlers.</param>
internal sealed record HandshakeSettings(
    MessageWebSocketControl Control,
    MessageWebSocketInformation Information,
    RequestHeaders RequestHeaders,
    IReadOnlyList<string> Protocols,
    Func<WebSocketServerCustomValidationRequestedEventArgs, CancellationToken, Task>? CustomValidation);
