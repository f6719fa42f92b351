namespace MessageWebSockets.PowerShell.Tunnels;

/// <summary>A tunnel's WebSocket as a client.</summary>
internal sealed class ClientTunnelWebSocket(StreamWebSocket socket) : ITunnelWebSocket
{
    public long BytesReceived => socket.Information.BytesReceived;

    public async ValueTask<int> ReadAsync(Memory<byte> buffer)
    {
        int read = await socket.InputStream.ReadAsync(buffer).ConfigureAwait(false);

        // A close frame that is not answered yet has no code here, and is an orderly one: others are answered at once.
        if (read == 0 && buffer.Length > 0 && socket.Information.CloseCode is { } code && !TunnelClose.IsOrderly(code))
        {
            throw new IOException(TunnelClose.Describe(socket.ToString(), code, socket.Information.CloseReason));
        }

        return read;
    }

    public Task<bool> PeerGone => socket.PeerGone;

    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes) => socket.SendAsync(bytes, CancellationToken.None);

    public Task EndAsync()
    {
        // Begins at once, or answers the peer; the peer answers when it has no more to say, and reading tells that.
        _ = ForgetAsync(socket.CloseAsync(TunnelClose.Normal));
        return Task.CompletedTask;
    }

    public Task SendSignOfLifeAsync()
    {
        socket.SendPong();
        return Task.CompletedTask;
    }

    public Task FailAsync(ushort code, string reason)
    {
        socket.Close(code, reason);
        return Task.CompletedTask;
    }

    public async Task FinishAsync(TimeSpan longest)
    {
        try
        {
            await socket.Released.WaitAsync(longest).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The peer has said all it had to say; how it ends TCP no longer matters.
        }
    }

    public void Dispose() => socket.Dispose();

    private static async Task ForgetAsync(Task<WebSocketCloseResult> closing)
    {
        try
        {
            await closing.ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or OperationCanceledException)
        {
            // The reader gets the same error.
        }
    }
}
