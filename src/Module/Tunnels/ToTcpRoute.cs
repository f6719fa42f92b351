using System.Net;
using System.Net.Sockets;
using MessageWebSockets.Server;

namespace MessageWebSockets.PowerShell.Tunnels;

/// <summary>Each WebSocket client gets a TCP connection of its own to the target.</summary>
internal sealed class ToTcpRoute : ITunnelRoute
{
    private const string Base64 = "base64";

    private readonly DnsEndPoint _target;
    private readonly TimeSpan _patience;
    private readonly ConnectionOpening _opening;

    /// <param name="target">The TCP service.</param>
    /// <param name="options">Who may connect, and how.</param>
    public ToTcpRoute(DnsEndPoint target, WebSocketEchoServerOptions options)
    {
        _target = target;
        _patience = options.HandshakeTimeout;
        _opening = new ConnectionOpening(new ServerHandshake(options), options.Certificate);
    }

    public bool BeginsInTcp => false;

    public async Task<(Socket Tcp, ITunnelWebSocket WebSocket)> OpenAsync(
        Socket accepted, Func<bool> tryTakePlace, CancellationToken stopping)
    {
        TunnelTcp.Prepare(accepted);
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        patience.CancelAfter(_patience);
        (Stream stream, AcceptedUpgrade upgrade) = await _opening.OpenAsync(accepted, tryTakePlace, patience.Token).ConfigureAwait(false);
        try
        {
            if (upgrade.Protocol is null && upgrade.Request.ListOf("Sec-WebSocket-Protocol").Contains(Base64, StringComparer.Ordinal))
            {
                // It would send text from the first message on.
                UpgradeRefusedException refusal = new(
                    HttpStatusCode.BadRequest, "This tunnel speaks the subprotocol binary and not base64.");
                await RefuseAsync(stream, refusal, patience.Token).ConfigureAwait(false);
                throw new ClientRefusedException(accepted, refusal);
            }

            Socket tcp = await ConnectAsync(stream, patience.Token).ConfigureAwait(false);
            if (await ServerHandshake.TryAcceptAsync(stream, upgrade, patience.Token).ConfigureAwait(false))
            {
                return (tcp, new ServerTunnelWebSocket(new ServerStream(accepted, stream, upgrade)));
            }

            TunnelTcp.Reset(tcp);
            throw new IOException("The client went away before it had its answer.");
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    // Before the answer: a target that cannot be reached is an HTTP error for the client.
    private async Task<Socket> ConnectAsync(Stream client, CancellationToken patience)
    {
        Socket tcp = new(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await tcp.ConnectAsync(_target, patience).ConfigureAwait(false);
            TunnelTcp.Prepare(tcp);
            TunnelTcp.BreakUnlessEnded(tcp);
            return tcp;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            tcp.Dispose();
            using CancellationTokenSource moment = new(TimeSpan.FromSeconds(1));
            await RefuseAsync(
                client,
                new UpgradeRefusedException(HttpStatusCode.BadGateway, "The target of this tunnel cannot be reached."),
                moment.Token).ConfigureAwait(false);
            throw new IOException(
                $"{_target.Host}:{_target.Port} cannot be reached: {(e is SocketException ? e.Message : "no answer in time.")}", e);
        }
        catch
        {
            tcp.Dispose();
            throw;
        }
    }

    private static async Task RefuseAsync(Stream client, UpgradeRefusedException refusal, CancellationToken cancellationToken)
    {
        try
        {
            await ServerHandshake.RefuseAsync(client, refusal, hasBody: true, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // It is gone, or takes nothing.
        }
    }
}
