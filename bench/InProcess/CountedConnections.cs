using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace MessageWebSockets.Bench;

/// <summary>Connections to a <see cref="CountingService"/>, whatever is in between.</summary>
internal sealed class CountedConnections
{
    private readonly List<Socket> _sockets = [];

    public static async Task<CountedConnections> OpenAsync(int port, int count, CancellationToken cancellationToken)
    {
        CountedConnections connections = new();
        for (int i = 0; i < count; i++)
        {
            Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            connections._sockets.Add(socket);
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellationToken);
            await SendBurstAsync(socket, new byte[CountingService.HeaderLength], 1, cancellationToken);
        }

        return connections;
    }

    /// <summary>All connections at once: writes of a size, as one burst or each answered on its own.</summary>
    public async Task<TimeSpan> MeasureAsync(long writes, int size, bool isBurst, CancellationToken cancellationToken)
    {
        long each = Math.Max(1, writes / _sockets.Count);
        long started = Stopwatch.GetTimestamp();
        await Task.WhenAll(_sockets.Select(socket => Task.Run(
            async () =>
            {
                byte[] buffer = new byte[size];
                for (long bursts = isBurst ? 1 : each; bursts > 0; bursts--)
                {
                    await SendBurstAsync(socket, buffer, isBurst ? each : 1, cancellationToken);
                }
            },
            cancellationToken)));

        // The count asked for may not divide by the connections.
        return Stopwatch.GetElapsedTime(started) * (writes / (double)(each * _sockets.Count));
    }

    private static async Task SendBurstAsync(Socket socket, byte[] buffer, long writes, CancellationToken cancellationToken)
    {
        BinaryPrimitives.WriteInt64LittleEndian(buffer, buffer.Length * writes);
        for (; writes > 0; writes--)
        {
            for (ReadOnlyMemory<byte> rest = buffer; rest.Length > 0;)
            {
                rest = rest[await socket.SendAsync(rest, cancellationToken)..];
            }
        }

        if (await socket.ReceiveAsync(buffer.AsMemory(0, 1), cancellationToken) == 0)
        {
            throw new EndOfStreamException("The connection ended before the answer.");
        }
    }
}
