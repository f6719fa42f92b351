using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using MessageWebSockets.PowerShell.Tunnels;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests.Tunnels;

/// <summary>Peers of tunnels that do nothing on their own, so that a test says what they do, and when.</summary>
internal static class RawPeers
{
    public static readonly TunnelPatience Impatient =
        new() { SignOfLife = TimeSpan.FromMilliseconds(50), SignsMissed = 2, Drain = TimeSpan.FromMilliseconds(200) };

    /// <summary>With signs of life often, and an end of patience that no test reaches.</summary>
    public static readonly TunnelPatience Patient =
        new() { SignOfLife = TimeSpan.FromMilliseconds(50), SignsMissed = 1_000_000, Drain = TimeSpan.FromSeconds(50) };

    /// <summary>The close frame of a server that has sent all it had.</summary>
    public static readonly byte[] Close = [0x88, 0x02, 1000 >> 8, 1000 & 0xFF];

    public static Socket Listen()
    {
        Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        return listener;
    }

    public static Uri UriOf(Socket listener) => new($"ws://127.0.0.1:{((IPEndPoint)listener.LocalEndPoint!).Port}/");

    public static async Task<Socket> ConnectAsync(WsTunnel tunnel)
    {
        Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(tunnel.LocalEndPoint);
        return client;
    }

    /// <summary>How a connection ends; a reset may be there before the connect has returned.</summary>
    public static async Task<SocketError> ConnectAndReadEndAsync(WsTunnel tunnel)
    {
        try
        {
            using Socket client = await ConnectAsync(tunnel);
            return await client.ReadEndAsync();
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
    }

    /// <summary>A server that does nothing on its own after the handshake.</summary>
    public static async Task<Socket> AcceptWebSocketAsync(Socket listener)
    {
        Socket peer = await listener.AcceptAsync();
        await AgreeAsync(peer, await ReadHeadAsync(peer));
        return peer;
    }

    /// <summary>Answers the request of a client.</summary>
    public static async Task AgreeAsync(Socket peer, string request)
    {
        string key = request.Split("Sec-WebSocket-Key: ")[1].Split("\r\n")[0];
#pragma warning disable CA5350 // RFC 6455 section 4.2.2 says SHA-1.
        string accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        await peer.SendAllAsync(Encoding.ASCII.GetBytes(
            $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"));
    }

    /// <summary>The code of the close frame that comes next; other frames are passed over.</summary>
    public static async Task<int> ReadCloseAsync(Socket peer)
    {
        while (true)
        {
            byte[] head = await peer.ReadExactlyAsync(2);
            Assert.InRange(head[1] & 0x7F, 0, 125);
            bool isMasked = (head[1] & 0x80) != 0;
            byte[] mask = isMasked ? await peer.ReadExactlyAsync(4) : new byte[4];
            byte[] payload = await peer.ReadExactlyAsync(head[1] & 0x7F);
            if (head[0] == 0x88)
            {
                return payload.Length == 0 ? 1005 : ((payload[0] ^ mask[0]) << 8) | (payload[1] ^ mask[1]);
            }
        }
    }

    /// <summary>What a client asks for; each part may be another one.</summary>
    public static byte[] Request(WsTunnel tunnel, string path = "/", string headers = "", string key = "dGhlIHNhbXBsZSBub25jZQ==") =>
        Encoding.ASCII.GetBytes(
            $"GET {path} HTTP/1.1\r\nHost: {tunnel.Uri.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + $"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{headers}\r\n");

    /// <summary>A client that does nothing on its own after the handshake.</summary>
    public static async Task<Socket> ConnectWebSocketAsync(WsTunnel tunnel)
    {
        Socket client = await ConnectAsync(tunnel);
        await client.SendAllAsync(Request(tunnel));
        Assert.StartsWith("HTTP/1.1 101 ", await ReadHeadAsync(client), StringComparison.Ordinal);
        return client;
    }

    /// <summary>Up to and including the empty line.</summary>
    public static async Task<string> ReadHeadAsync(Socket socket)
    {
        StringBuilder head = new();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            head.Append((char)(await socket.ReadExactlyAsync(1))[0]);
        }

        return head.ToString();
    }

    public static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        while (!await condition())
        {
            await Task.Delay(5);
        }
    }
}
