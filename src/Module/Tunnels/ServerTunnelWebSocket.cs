using MessageWebSockets.Server;

namespace MessageWebSockets.PowerShell.Tunnels;

/// <summary>A tunnel's WebSocket as a server.</summary>
internal sealed class ServerTunnelWebSocket(ServerStream stream) : ITunnelWebSocket
{
    public long BytesReceived => stream.BytesReceived;

    public ValueTask<int> ReadAsync(Memory<byte> buffer) => stream.ReadAsync(buffer);

    public Task<bool> PeerGone => stream.PeerGone;

    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes) => stream.SendAsync(bytes);

    public Task EndAsync() => stream.CloseAsync(new ConnectionEnd(TunnelClose.Normal, ""));

    public Task SendSignOfLifeAsync() => stream.SendPongAsync();

    public Task FailAsync(ushort code, string reason) => stream.CloseAsync(new ConnectionEnd(code, reason));

    public async Task FinishAsync(TimeSpan longest)
    {
        using CancellationTokenSource patience = new(longest);
        await stream.LingerAsync(patience.Token).ConfigureAwait(false);
    }

    public void Dispose() => stream.Dispose();
}
