using System.Net.Sockets;

namespace MessageWebSockets.PowerShell.Tunnels;

/// <summary>Where the connections of a tunnel lead.</summary>
internal interface ITunnelRoute
{
    /// <summary>Whether those who connect do so over TCP, so that an error is a reset to them.</summary>
    public bool BeginsInTcp { get; }

    /// <summary>Opens the way for a connection that was accepted.</summary>
    /// <param name="accepted">The TCP connection.</param>
    /// <param name="tryTakePlace">Takes the place of one connection; false when there is none left.</param>
    /// <param name="stopping">Ends it.</param>
    /// <returns>Both sides.</returns>
    /// <exception cref="Exception">It came to nothing; says why. Who connected was told where it can be.</exception>
    public Task<(Socket Tcp, ITunnelWebSocket WebSocket)> OpenAsync(Socket accepted, Func<bool> tryTakePlace, CancellationToken stopping);
}
