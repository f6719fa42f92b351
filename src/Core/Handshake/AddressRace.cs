using System.Net;
using System.Net.Sockets;

namespace MessageWebSockets.Handshake;

/// <summary>
/// Connects to the first of a name's addresses that answers (RFC 8305, Happy Eyeballs): the next one is tried when one fails, or has
/// said nothing for a while, and all that were begun stay in the race. Without it one dead address costs the whole connect timeout.
/// </summary>
/// <param name="addresses">The addresses, in the order in which the system prefers them.</param>
/// <param name="port">The port of all.</param>
/// <param name="prepare">Sets up a socket before it connects.</param>
internal sealed class AddressRace(IReadOnlyList<IPAddress> addresses, int port, Action<Socket> prepare)
{
    /// <summary>How long an address stays alone in the race (RFC 8305 section 5 recommends 250 ms).</summary>
    public static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    /// <exception cref="SocketException">No address took the connection; what the last to fail ended with.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<(Socket Socket, IPEndPoint EndPoint)> RunAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Queue<IPAddress> waiting = new(Interleaved());
        List<Task<(Socket Socket, IPEndPoint EndPoint)>> running = [];
        SocketException? last = null;
        try
        {
            while (waiting.Count > 0 || running.Count > 0)
            {
                if (waiting.TryDequeue(out IPAddress? next))
                {
                    running.Add(ConnectAsync(new IPEndPoint(next, port), over.Token));
                }

                Task ended = await NextEventAsync(running, isAlone: waiting.Count == 0, over.Token).ConfigureAwait(false);
                if (ended is Task<(Socket Socket, IPEndPoint EndPoint)> attempt)
                {
                    running.Remove(attempt);
                    try
                    {
                        return await attempt.ConfigureAwait(false);
                    }
                    catch (SocketException e)
                    {
                        last = e;
                    }
                }

                cancellationToken.ThrowIfCancellationRequested();
            }

            throw last ?? new SocketException((int)SocketError.NoData);
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(running.Select(DisposeAsync)).ConfigureAwait(false);
        }
    }

    private static async Task<Task> NextEventAsync(
        List<Task<(Socket Socket, IPEndPoint EndPoint)>> running, bool isAlone, CancellationToken cancellationToken)
    {
        if (isAlone)
        {
            return await Task.WhenAny(running).ConfigureAwait(false);
        }

        using CancellationTokenSource answered = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task first = await Task.WhenAny([.. running, Task.Delay(AttemptDelay, answered.Token)]).ConfigureAwait(false);
        await answered.CancelAsync().ConfigureAwait(false);
        return first;
    }

    // Its error is of no more interest, and a connection that came too late is given back.
    private static async Task DisposeAsync(Task<(Socket Socket, IPEndPoint EndPoint)> loser)
    {
        try
        {
            (await loser.ConfigureAwait(false)).Socket.Dispose();
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // As expected of a loser.
        }
    }

    private async Task<(Socket Socket, IPEndPoint EndPoint)> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        Socket? socket = null;
        try
        {
            socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            prepare(socket);
            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
            return (socket, endPoint);
        }
        catch
        {
            socket?.Dispose();
            throw;
        }
    }

    // RFC 8305 section 4: families take turns, beginning with the family of the first address, so that a family without a way out
    // delays the other only once.
    private IEnumerable<IPAddress> Interleaved()
    {
        AddressFamily preferred = addresses[0].AddressFamily;
        Queue<IPAddress> same = new(addresses.Where(address => address.AddressFamily == preferred));
        Queue<IPAddress> other = new(addresses.Where(address => address.AddressFamily != preferred));
        while (same.Count > 0 || other.Count > 0)
        {
            if (same.TryDequeue(out IPAddress? address))
            {
                yield return address;
            }

            if (other.TryDequeue(out address))
            {
                yield return address;
            }
        }
    }
}
