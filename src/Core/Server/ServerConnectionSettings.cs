namespace MessageWebSockets.Server;

/// <summary>What holds for every connection of a server.</summary>
/// <param name="MaxMessageSize">The most bytes of a message, after decompression.</param>
/// <param name="QueueLimit">How many bytes may wait for the client.</param>
/// <param name="IdleTimeout">How long the client may be silent; infinite for as long as it likes.</param>
internal sealed record ServerConnectionSettings(int MaxMessageSize, long QueueLimit, TimeSpan IdleTimeout);
