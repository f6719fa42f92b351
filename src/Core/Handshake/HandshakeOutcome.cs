namespace MessageWebSockets.Handshake;

/// <summary>What an attempt that did not fail came to: a connection, or the address to try next.</summary>
internal readonly record struct HandshakeOutcome(OpenedConnection? Opened, Uri? Redirect);
