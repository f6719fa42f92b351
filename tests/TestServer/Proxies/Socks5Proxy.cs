using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MessageWebSockets.TestServer;

/// <summary>A SOCKS5 proxy (RFC 1928) that knows CONNECT, without authentication or with user and password (RFC 1929).</summary>
public sealed class Socks5Proxy : IAsyncDisposable
{
    private const byte Version = 5;
    private const byte NoAuthentication = 0;
    private const byte UserAndPassword = 2;
    private const byte NoAcceptableMethod = 0xFF;

    private readonly RawServer _server;
    private readonly Tunnels _tunnels = new();
    private readonly ConcurrentQueue<string> _targets = new();
    private readonly (string User, string Password)? _expected;
    private int _refusals;

    private Socks5Proxy((string User, string Password)? expected)
    {
        _expected = expected;
        _server = RawServer.Start(ServeAsync, new RawServerOptions { CaptureLimit = 0, KeepConnections = 0 });
    }

    /// <summary>socks5://127.0.0.1:port/</summary>
    public Uri Uri => new($"socks5://{_server.EndPoint}/");

    /// <summary>host:port of every request that was let through, in order; the host as the client sent it.</summary>
    public IReadOnlyCollection<string> Targets => _targets;

    /// <summary>Clients turned away for want of the right credentials.</summary>
    public int Refusals => Volatile.Read(ref _refusals);

    public int OpenConnections => _server.OpenConnections;

    public long BytesRelayed => _tunnels.BytesRelayed;

    public IReadOnlyCollection<Exception> Failures => _server.Failures;

    public static Socks5Proxy Start(string? user = null, string? password = null) =>
        new(user is null ? null : (user, password ?? ""));

    public void Stall() => _tunnels.Stall();

    public void Resume() => _tunnels.Resume();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static async Task<byte[]> ReadAsync(RawConnection connection, int count)
    {
        byte[] bytes = new byte[count];
        for (int filled = 0; filled < count;)
        {
            int read = await connection.ReadBytesAsync(bytes.AsMemory(filled));
            filled += read > 0 ? read : throw new EndOfStreamException("The client ended the connection inside the SOCKS handshake.");
        }

        return bytes;
    }

    private static async Task<string> ReadTextAsync(RawConnection connection)
    {
        byte length = (await ReadAsync(connection, 1))[0];
        return Encoding.UTF8.GetString(await ReadAsync(connection, length));
    }

    private static Task ReplyAsync(RawConnection connection, byte code) =>
        connection.SendBytesAsync(new byte[] { Version, code, 0, 1, 0, 0, 0, 0, 0, 0 });

    private async Task ServeAsync(RawConnection connection)
    {
        if (!await AuthenticateAsync(connection))
        {
            Interlocked.Increment(ref _refusals);
            return;
        }

        byte[] request = await ReadAsync(connection, 4);
        string host = request[3] switch
        {
            1 => new IPAddress(await ReadAsync(connection, 4)).ToString(),
            4 => new IPAddress(await ReadAsync(connection, 16)).ToString(),
            _ => await ReadTextAsync(connection),
        };
        int port = BinaryPrimitives.ReadUInt16BigEndian(await ReadAsync(connection, 2));
        if (request[1] != 1)
        {
            await ReplyAsync(connection, 7);
            return;
        }

        _targets.Enqueue($"{host}:{port}");
        try
        {
            await _tunnels.RunAsync(connection, host, port, () => ReplyAsync(connection, 0));
        }
        catch (SocketException)
        {
            await ReplyAsync(connection, 5);
        }
    }

    private async Task<bool> AuthenticateAsync(RawConnection connection)
    {
        byte[] greeting = await ReadAsync(connection, 2);
        byte[] methods = await ReadAsync(connection, greeting[1]);
        byte method = _expected is null ? NoAuthentication : UserAndPassword;
        if (!methods.Contains(method))
        {
            await connection.SendBytesAsync(new byte[] { Version, NoAcceptableMethod });
            return false;
        }

        await connection.SendBytesAsync(new byte[] { Version, method });
        if (_expected is not { } expected)
        {
            return true;
        }

        await ReadAsync(connection, 1);
        bool right = (await ReadTextAsync(connection), await ReadTextAsync(connection)) == expected;
        await connection.SendBytesAsync(new byte[] { 1, (byte)(right ? 0 : 1) });
        return right;
    }
}
