using System.Net.Sockets;

namespace MessageWebSockets.Server;

/// <summary>What holds for every connection of a server.</summary>
/// <param name="MaxMessageSize">The most bytes of a message, after decompression.</param>
/// <param name="QueueLimit">How many bytes may wait for the client.</param>
/// <param name="IdleTimeout">How long the client may be silent; infinite for as long as it likes.</param>
internal sealed record ServerConnectionSettings(int MaxMessageSize, long QueueLimit, TimeSpan IdleTimeout)
{
    /// <summary>How long a client that takes nothing is waited for once a close has begun.</summary>
    public TimeSpan ClosePatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the work on what a client sent before it closed may take, while that does not wait for the client.</summary>
    public TimeSpan WorkPatience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Tells what a client's system has taken.</summary>
    public Func<Socket, PeerProgress?> Progress { get; init; } = PeerProgress.Of;
}
