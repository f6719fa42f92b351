using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MessageWebSockets.TestServer;

/// <summary>A SOCKS4 proxy that knows CONNECT, with the extension 4a that lets the proxy resolve the name.</summary>
public sealed class Socks4Proxy : IAsyncDisposable
{
    private const byte Granted = 90;
    private const byte Rejected = 91;
    private const int LongestText = 255;

    private readonly RawServer _server;
    private readonly Tunnels _tunnels = new();
    private readonly ConcurrentQueue<string> _targets = new();

    private Socks4Proxy() => _server = RawServer.Start(ServeAsync, new RawServerOptions { CaptureLimit = 0, KeepConnections = 0 });

    /// <summary>socks4://127.0.0.1:port/</summary>
    public Uri Uri => new($"socks4://{_server.EndPoint}/");

    /// <summary>socks4a://127.0.0.1:port/</summary>
    public Uri NamingUri => new($"socks4a://{_server.EndPoint}/");

    /// <summary>host:port of every request, in order; the host as the client sent it.</summary>
    public IReadOnlyCollection<string> Targets => _targets;

    public static Socks4Proxy Start() => new();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static async Task<byte> ReadByteAsync(RawConnection connection)
    {
        byte[] one = new byte[1];
        return await connection.ReadBytesAsync(one) == 1
            ? one[0]
            : throw new EndOfStreamException("The client ended inside the SOCKS handshake.");
    }

    private static async Task<string> ReadTextAsync(RawConnection connection)
    {
        List<byte> text = [];
        for (byte next; (next = await ReadByteAsync(connection)) != 0 && text.Count < LongestText;)
        {
            text.Add(next);
        }

        return Encoding.UTF8.GetString([.. text]);
    }

    private static Task ReplyAsync(RawConnection connection, byte code) =>
        connection.SendBytesAsync(new byte[] { 0, code, 0, 0, 0, 0, 0, 0 });

    private async Task ServeAsync(RawConnection connection)
    {
        byte[] request = new byte[8];
        for (int i = 0; i < request.Length; i++)
        {
            request[i] = await ReadByteAsync(connection);
        }

        await ReadTextAsync(connection);
        bool isNamed = request[4] == 0 && request[5] == 0 && request[6] == 0;
        string host = isNamed ? await ReadTextAsync(connection) : new IPAddress(request.AsSpan(4)).ToString();
        int port = BinaryPrimitives.ReadUInt16BigEndian(request.AsSpan(2));
        _targets.Enqueue($"{host}:{port}");
        try
        {
            await _tunnels.RunAsync(connection, host, port, () => ReplyAsync(connection, Granted));
        }
        catch (SocketException)
        {
            await ReplyAsync(connection, Rejected);
        }
    }
}
