using System.Collections.Concurrent;
using System.Net.WebSockets;

namespace MessageWebSockets.TestServer;

/// <summary>Sends every message to everyone connected, the sender included.</summary>
internal sealed class BroadcastEndpoint
{
    private const int BufferSize = 64 * 1024;

    private readonly ConcurrentDictionary<WebSocket, SemaphoreSlim> _members = new();

    public Task JoinAsync(HttpContext context) => Upgrade.ToWebSocketAsync(context, async (socket, ending) =>
    {
        using SemaphoreSlim sending = new(1, 1);
        _members[socket] = sending;
        try
        {
            await RelayAsync(socket, ending);
        }
        finally
        {
            _members.TryRemove(socket, out _);
        }
    });

    private async Task RelayAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[BufferSize];
        using MemoryStream message = new();
        while (true)
        {
            ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return;
            }

            message.Write(buffer, 0, received.Count);
            if (received.EndOfMessage)
            {
                // Whole messages only: two members' fragments must not mix on a third one's connection.
                byte[] whole = message.ToArray();
                message.SetLength(0);
                await Task.WhenAll(_members.Select(member =>
                    SendAsync(member.Key, member.Value, whole, received.MessageType, cancellationToken)));
            }
        }
    }

    private static async Task SendAsync(
        WebSocket socket, SemaphoreSlim sending, byte[] message, WebSocketMessageType type, CancellationToken cancellationToken)
    {
        try
        {
            await sending.WaitAsync(cancellationToken);
            try
            {
                await socket.SendAsync(message, type, endOfMessage: true, cancellationToken);
            }
            finally
            {
                sending.Release();
            }
        }
        catch (Exception exception) when (exception is WebSocketException or ObjectDisposedException or IOException)
        {
            // A member that left is not the sender's trouble.
        }
    }
}
