using System.Net.Sockets;

namespace MessageWebSockets;

/// <summary>The stream of a transport connection, which remembers whether a read of it ended with a reset.</summary>
internal sealed class TransportStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    public bool WasReset { get; private set; }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ValueTask<int> read = base.ReadAsync(buffer, cancellationToken);
        return read.IsCompletedSuccessfully ? read : WatchAsync(read);
    }

    private async ValueTask<int> WatchAsync(ValueTask<int> read)
    {
        try
        {
            return await read.ConfigureAwait(false);
        }
        catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            WasReset = true;
            throw;
        }
    }
}
