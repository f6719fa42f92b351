using System.Net;
using System.Net.Sockets;
using System.Text;
using MessageWebSockets.TestServer;

namespace MessageWebSockets.Tests.Server;

/// <summary>A TCP connection to a server, on which a test says what it likes.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly TcpClient _tcp = new();
    private FrameChannel? _frames;

    private RawClient()
    {
    }

    public NetworkStream Stream => _tcp.GetStream();

    public FrameChannel Frames => _frames ??= new FrameChannel(Stream);

    /// <summary>A good request with some lines replaced: the header of a name, or left out where the value is null.</summary>
    public static string Request(string line = "GET / HTTP/1.1", params (string Name, string? Value)[] changes)
    {
        Dictionary<string, string?> headers = new()
        {
            ["Host"] = "localhost",
            ["Upgrade"] = "websocket",
            ["Connection"] = "Upgrade",
            ["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ==",
            ["Sec-WebSocket-Version"] = "13",
        };
        foreach ((string name, string? value) in changes)
        {
            headers[name] = value;
        }

        IEnumerable<string> lines =
            headers.Where(static header => header.Value is not null).Select(static header => $"{header.Key}: {header.Value}\r\n");
        return $"{line}\r\n{string.Concat(lines)}\r\n";
    }

    public static async Task<RawClient> ConnectAsync(WebSocketEchoServer server)
    {
        RawClient client = new();
        await client._tcp.ConnectAsync(IPAddress.Loopback, server.Port);
        return client;
    }

    /// <summary>A client whose handshake is behind it.</summary>
    public static async Task<RawClient> OpenAsync(WebSocketEchoServer server, int? receiveBuffer = null)
    {
        RawClient client = new();
        if (receiveBuffer is { } size)
        {
            client._tcp.ReceiveBufferSize = size;
        }

        await client._tcp.ConnectAsync(IPAddress.Loopback, server.Port);
        await client.SendAsync(Request());
        string head = await client.ReadHeadAsync();
        return head.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal) ? client : throw new InvalidOperationException(head);
    }

    public Task SendAsync(string text) => Stream.WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask();

    public Task SendFrameAsync(TestServer.FrameOpcode opcode, ReadOnlySpan<byte> payload, bool fin = true) =>
        SendBytesAsync(FrameBytes.Build(opcode, payload, fin, masked: true));

    public Task SendTextAsync(string text) => SendFrameAsync(TestServer.FrameOpcode.Text, Encoding.UTF8.GetBytes(text));

    public Task SendBytesAsync(byte[] bytes) => Stream.WriteAsync(bytes).AsTask();

    /// <summary>The head of the server's answer, and no byte of what follows.</summary>
    public async Task<string> ReadHeadAsync()
    {
        StringBuilder head = new();
        byte[] one = new byte[1];
        while (!EndsWithEmptyLine(head) && await Stream.ReadAsync(one) == 1)
        {
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    /// <summary>All that comes until the server ends its side.</summary>
    public async Task<string> ReadToEndAsync()
    {
        using StreamReader reader = new(Stream, Encoding.Latin1, leaveOpen: true);
        return await reader.ReadToEndAsync();
    }

    public Task<RawFrame?> ReadFrameAsync() => Frames.ReadFrameAsync(CancellationToken.None);

    public void Dispose()
    {
        _frames?.Dispose();
        _tcp.Dispose();
    }

    private static bool EndsWithEmptyLine(StringBuilder text) => text.Length >= 4 && text.ToString(text.Length - 4, 4) == "\r\n\r\n";
}
