namespace MessageWebSockets;

/// <summary>What one connect takes from the settings of a socket: a copy, made when it begins.</summary>
/// <param name="Timeout">How long it may take in all; zero for no limit.</param>
/// <param name="Handshake">For the handshake.</param>
/// <param name="Connection">For the connection that it opens.</param>
internal sealed record ConnectSettings(TimeSpan Timeout, HandshakeSettings Handshake, ConnectionSettings Connection);
