using System.Collections.Concurrent;

namespace MessageWebSockets.TestServer;

/// <summary>Serves revocation lists by name over loopback HTTP.</summary>
internal sealed class RevocationListServer : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, byte[]> _lists = new();
    private readonly RawServer _server;
    private int _requests;

    public RevocationListServer() => _server = RawServer.Start(ServeAsync, new RawServerOptions { CaptureLimit = 0, KeepConnections = 0 });

    public int Requests => Volatile.Read(ref _requests);

    public Uri UriOf(string name) => new($"http://{_server.EndPoint}/{name}.crl");

    public void Publish(string name, byte[] list) => _lists[$"/{name}.crl"] = list;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task ServeAsync(RawConnection connection)
    {
        RawRequest request = await connection.ReadRequestAsync();
        Interlocked.Increment(ref _requests);
        if (!_lists.TryGetValue(request.Path, out byte[]? list))
        {
            await connection.SendResponseAsync(404);
            return;
        }

        await connection.SendBytesAsync(
            $"HTTP/1.1 200 OK\r\nContent-Type: application/pkix-crl\r\nContent-Length: {list.Length}\r\nConnection: close\r\n\r\n");
        await connection.SendBytesAsync(list);
    }
}
