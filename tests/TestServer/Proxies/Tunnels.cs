using System.Net.Sockets;

namespace MessageWebSockets.TestServer;

/// <summary>The part that every proxy has: connect to a target and copy bytes both ways until either side ends.</summary>
internal sealed class Tunnels
{
    private const int BufferSize = 32 * 1024;

    private readonly Lock _lock = new();
    private TaskCompletionSource? _stall;
    private long _bytesRelayed;

    public long BytesRelayed => Interlocked.Read(ref _bytesRelayed);

    public void Stall()
    {
        lock (_lock)
        {
            _stall ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public void Resume()
    {
        lock (_lock)
        {
            _stall?.SetResult();
            _stall = null;
        }
    }

    /// <exception cref="SocketException">The target was not reached; nothing was said to the client yet.</exception>
    public async Task RunAsync(RawConnection client, string host, int port, Func<Task> sayConnected)
    {
        using Socket target = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await target.ConnectAsync(host, port, client.Stopping);
        await sayConnected();
        await using NetworkStream stream = new(target);
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(client.Stopping);
        Task toTarget = CopyAsync(
            buffer => client.Channel.Source.ReadAsync(buffer, ended.Token),
            bytes => stream.WriteAsync(bytes, ended.Token),
            () => target.Shutdown(SocketShutdown.Send),
            ended);
        Task toClient = CopyAsync(
            buffer => stream.ReadAsync(buffer, ended.Token),
            bytes => new ValueTask(client.Channel.SendBytesAsync(bytes, ended.Token)),
            client.ShutdownSend,
            ended);
        await Task.WhenAll(toTarget, toClient);
    }

    private async Task CopyAsync(
        Func<Memory<byte>, ValueTask<int>> readAsync,
        Func<ReadOnlyMemory<byte>, ValueTask> writeAsync,
        Action passOnEnd,
        CancellationTokenSource ended)
    {
        byte[] buffer = new byte[BufferSize];
        try
        {
            int count;
            while ((count = await readAsync(buffer)) > 0)
            {
                await WaitWhileStalledAsync(ended.Token);
                await writeAsync(buffer.AsMemory(0, count));
                Interlocked.Add(ref _bytesRelayed, count);
            }

            await WaitWhileStalledAsync(ended.Token);
            passOnEnd();
        }
        catch (Exception exception) when (
            exception is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // One side broke off: so does the other.
            await ended.CancelAsync();
        }
    }

    private Task WaitWhileStalledAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return _stall?.Task.WaitAsync(cancellationToken) ?? Task.CompletedTask;
        }
    }
}
