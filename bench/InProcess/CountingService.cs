using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace MessageWebSockets.Bench;

/// <summary>
/// A TCP service that says how many bytes of a burst it has seen by saying nothing until it has seen them all: a burst begins with its
/// length, eight bytes, and is answered with one byte.
/// </summary>
#pragma warning disable CA1001 // It lives as long as the process.
internal sealed class CountingService
#pragma warning restore CA1001
{
    public const int HeaderLength = 8;

    private const int BufferSize = 64 * 1024;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public CountingService()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket accepted = await _listener.AcceptAsync();
            accepted.NoDelay = true;
            _ = Task.Run(() => ServeAsync(accepted));
        }
    }

    private static async Task ServeAsync(Socket client)
    {
        using (client)
        {
            byte[] buffer = new byte[BufferSize];
            int filled = 0;
            while (true)
            {
                // The next burst begins only after the answer to this one.
                long rest = HeaderLength;
                while (filled < HeaderLength || rest > 0)
                {
                    int read = await client.ReceiveAsync(buffer.AsMemory(filled < HeaderLength ? filled : 0));
                    if (read == 0)
                    {
                        return;
                    }

                    if (filled >= HeaderLength)
                    {
                        rest -= read;
                    }
                    else if ((filled += read) >= HeaderLength)
                    {
                        rest = BinaryPrimitives.ReadInt64LittleEndian(buffer) - filled;
                    }
                }

                filled = 0;
                await client.SendAsync(buffer.AsMemory(0, 1));
            }
        }
    }
}
