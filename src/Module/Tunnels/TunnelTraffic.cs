namespace MessageWebSockets.PowerShell.Tunnels;

/// <summary>What went through a tunnel, in bytes of the TCP side. Thread-safe.</summary>
internal sealed class TunnelTraffic
{
    private long _toWebSocket;
    private long _toTcp;

    public long ToWebSocket => Volatile.Read(ref _toWebSocket);

    public long ToTcp => Volatile.Read(ref _toTcp);

    public void CountToWebSocket(int bytes) => Interlocked.Add(ref _toWebSocket, bytes);

    public void CountToTcp(int bytes) => Interlocked.Add(ref _toTcp, bytes);
}
