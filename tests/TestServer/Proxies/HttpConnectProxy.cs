using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace MessageWebSockets.TestServer;

/// <summary>
/// An HTTP proxy that knows CONNECT only. With a user it answers 407 until Basic credentials come. <see cref="Stall"/> makes
/// it forward nothing while both sides stay open: a peer that vanished without a FIN.
/// </summary>
public sealed class HttpConnectProxy : IAsyncDisposable
{
    private readonly RawServer _server;
    private readonly Tunnels _tunnels = new();
    private readonly string? _expected;
    private readonly ConcurrentQueue<string> _targets = new();
    private readonly ConcurrentQueue<string> _otherRequests = new();
    private int _challenges;

    private HttpConnectProxy(string? user, string? password)
    {
        _expected = user is null ? null : "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));
        _server = RawServer.Start(ServeAsync, new RawServerOptions { CaptureLimit = 0, KeepConnections = 0 });
    }

    /// <summary>http://127.0.0.1:port/</summary>
    public Uri Uri => new($"http://{_server.EndPoint}/");

    /// <summary>host:port of every CONNECT that was let through, in order.</summary>
    public IReadOnlyCollection<string> Targets => _targets;

    /// <summary>Request lines that were no CONNECT; each was answered with 405.</summary>
    public IReadOnlyCollection<string> OtherRequests => _otherRequests;

    /// <summary>How many requests were answered with 407.</summary>
    public int Challenges => Volatile.Read(ref _challenges);

    public int OpenConnections => _server.OpenConnections;

    public long BytesRelayed => _tunnels.BytesRelayed;

    public IReadOnlyCollection<Exception> Failures => _server.Failures;

    public static HttpConnectProxy Start(string? user = null, string? password = null) => new(user, password);

    public void Stall() => _tunnels.Stall();

    public void Resume() => _tunnels.Resume();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task ServeAsync(RawConnection connection)
    {
        RawRequest request = await connection.ReadRequestAsync();
        if (request.Method != "CONNECT")
        {
            _otherRequests.Enqueue($"{request.Method} {request.Target}");
            await connection.SendResponseAsync(405, "This proxy knows CONNECT only.");
            return;
        }

        if (_expected is not null && request.Headers.GetValueOrDefault("Proxy-Authorization") != _expected)
        {
            Interlocked.Increment(ref _challenges);
            await connection.SendResponseAsync(407, "Who are you?", ("Proxy-Authenticate", "Basic realm=\"proxy\""));
            return;
        }

        _targets.Enqueue(request.Target);
        int colon = request.Target.LastIndexOf(':');
        try
        {
            await _tunnels.RunAsync(
                connection,
                request.Target[..colon].Trim('[', ']'),
                int.Parse(request.Target[(colon + 1)..], System.Globalization.CultureInfo.InvariantCulture),
                () => connection.SendBytesAsync("HTTP/1.1 200 Connection established\r\n\r\n"));
        }
        catch (SocketException exception)
        {
            await connection.SendResponseAsync(502, $"No way to {request.Target}: {exception.SocketErrorCode}");
        }
    }
}
