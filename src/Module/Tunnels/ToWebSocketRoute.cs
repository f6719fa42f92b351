using System.Net.Sockets;

namespace MessageWebSockets.PowerShell.Tunnels;

/// <summary>Each TCP connection gets a WebSocket of its own.</summary>
/// <param name="uri">The address of the WebSocket.</param>
/// <param name="prototype">A socket with the settings of all; it is never connected itself.</param>
internal sealed class ToWebSocketRoute(Uri uri, StreamWebSocket prototype) : ITunnelRoute
{
    public bool BeginsInTcp => true;

    public async Task<(Socket Tcp, ITunnelWebSocket WebSocket)> OpenAsync(
        Socket accepted, Func<bool> tryTakePlace, CancellationToken stopping)
    {
        TunnelTcp.Prepare(accepted);
        TunnelTcp.BreakUnlessEnded(accepted);
        if (!tryTakePlace())
        {
            throw new IOException("The tunnel has as many connections as it takes; -MaxConnections says how many.");
        }

        StreamWebSocket socket = prototype.Clone();
        socket.HoldsAnswer = static close => TunnelClose.IsOrderly(close.Code);
        try
        {
            await socket.ConnectAsync(uri, stopping).ConfigureAwait(false);
            return (accepted, new ClientTunnelWebSocket(socket));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
