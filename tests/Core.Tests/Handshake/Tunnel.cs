using System.Net;
using System.Net.Sockets;
using MessageWebSockets.TestServer;

namespace MessageWebSockets.Tests.Handshake;

/// <summary>What a proxy does once it has let a CONNECT through.</summary>
internal static class Tunnel
{
    /// <summary>Says so, and copies bytes both ways until both ends have ended.</summary>
    public static async Task RunAsync(RawConnection client, int targetPort)
    {
        using TcpClient target = new();
        await target.ConnectAsync(IPAddress.Loopback, targetPort, client.Stopping);
        await client.SendBytesAsync("HTTP/1.1 200 OK\r\n\r\n");
        Stream stream = target.GetStream();
        Task toClient = CopyToClientAsync();
        byte[] buffer = new byte[16 * 1024];
        int count;
        while ((count = await client.ReadBytesAsync(buffer)) > 0)
        {
            await stream.WriteAsync(buffer.AsMemory(0, count), client.Stopping);
        }

        target.Client.Shutdown(SocketShutdown.Send);
        await toClient;

        // A client that has closed waits for the end of TCP, for which the server ends first (RFC 6455 section 7.1.1).
        async Task CopyToClientAsync()
        {
            await stream.CopyToAsync(client.Stream, client.Stopping);
            client.ShutdownSend();
        }
    }
}
