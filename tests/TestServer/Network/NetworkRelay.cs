using System.Net;
using System.Net.Sockets;

namespace MessageWebSockets.TestServer;

/// <summary>
/// A bad network between a client and a server: a relay of TCP that holds bytes up, passes them in pieces and cuts connections.
/// </summary>
/// <remarks>
/// A client that is answered by an echo says when: before the text #silence, #end or #reset in an answer the connection is cut so;
/// behind #stall nothing of the server passes until the client sends again.
/// </remarks>
public sealed class NetworkRelay : IAsyncDisposable
{
    private readonly RawServer _server;
    private readonly Uri _target;
    private readonly NetworkConditions _conditions;
    private long _answerBytes;

    private NetworkRelay(Uri target, NetworkConditions conditions)
    {
        _target = target;
        _conditions = conditions;
        _server = RawServer.Start(ServeAsync, new RawServerOptions { CaptureLimit = 0, KeepConnections = 0 });
    }

    /// <summary>The address of the target, by way of this network.</summary>
    public Uri Uri => new(_server.Uri, _target.PathAndQuery);

    /// <summary>What has passed from the server to clients.</summary>
    public long AnswerBytes => Interlocked.Read(ref _answerBytes);

    public static NetworkRelay Start(Uri target, NetworkConditions conditions) => new(target, conditions);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task ServeAsync(RawConnection client)
    {
        using Socket target = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await target.ConnectAsync(IPAddress.Parse(_target.Host), _target.Port, client.Stopping);
        await using NetworkStream server = new(target);
        using CancellationTokenSource broken = CancellationTokenSource.CreateLinkedTokenSource(client.Stopping);
        RelayedAnswer answer = new(_conditions);

        // Not to break off is a part of the silence: those who relay wait for the end of the test.
        Task requests = ForwardAsync(client, server, target, answer, broken);
        await ReturnAsync(client, server, answer, broken);
        await requests;
    }

    private async Task ForwardAsync(
        RawConnection client, NetworkStream server, Socket target, RelayedAnswer answer, CancellationTokenSource broken)
    {
        NetworkPace pace = new(_conditions, _conditions.Seed);
        byte[] buffer = new byte[NetworkPace.BufferSize];
        try
        {
            int count;
            while ((count = await client.Stream.ReadAsync(buffer, broken.Token)) > 0)
            {
                await answer.WhileSilentAsync(broken.Token);
                answer.Resume();
                await pace.PassAsync(buffer.AsMemory(0, count), chunk => server.WriteAsync(chunk, broken.Token), broken.Token);
            }

            await answer.WhileSilentAsync(broken.Token);
            target.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception)
            when (exception is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            await broken.CancelAsync();
        }
    }

    private async Task ReturnAsync(RawConnection client, NetworkStream server, RelayedAnswer answer, CancellationTokenSource broken)
    {
        NetworkPace pace = new(_conditions, _conditions.Seed + 1);
        byte[] buffer = new byte[NetworkPace.BufferSize];
        try
        {
            int count;
            while ((count = await server.ReadAsync(buffer, broken.Token)) > 0)
            {
                NetworkCut? cut = answer.Take(buffer.AsMemory(0, count), out ReadOnlyMemory<byte> passing);
                Interlocked.Add(ref _answerBytes, passing.Length);
                await answer.WhileStalledAsync(broken.Token);
                await pace.PassAsync(passing, chunk => client.Stream.WriteAsync(chunk, broken.Token), broken.Token);
                if (cut is not null)
                {
                    await CutAsync(client, answer, cut.Value, broken);
                    return;
                }
            }

            client.ShutdownSend();
        }
        catch (Exception exception)
            when (exception is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            await broken.CancelAsync();
        }
    }

    private static async Task CutAsync(RawConnection client, RelayedAnswer answer, NetworkCut cut, CancellationTokenSource broken)
    {
        switch (cut)
        {
            case NetworkCut.Silence:
                answer.FallSilent();
                break;
            case NetworkCut.End:
                // The requests go on to be read: to close before they are would be a reset.
                client.ShutdownSend();
                break;
            default:
                client.Reset();
                await broken.CancelAsync();
                break;
        }
    }
}
