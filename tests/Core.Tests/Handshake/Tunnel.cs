using System.Net;
using System.Net.Sockets;
using MessageWebSockets.TestServer;

namespace MessageWebSockets.Tests.Handshake;

/// <summary>What a proxy does once it has let a CONNECT through.</summary>
internal static class Tunnel
{
    /// <summary>Says so, and copies bytes both ways until the client ends.</summary>
    public static async Task RunAsync(RawConnection client, int targetPort)
    {
        using TcpClient target = new();
        await target.ConnectAsync(IPAddress.Loopback, targetPort, client.Stopping);
        await client.SendBytesAsync("HTTP/1.1 200 OK\r\n\r\n");
        Stream stream = target.GetStream();
        Task toClient = stream.CopyToAsync(client.Stream, client.Stopping);
        byte[] buffer = new byte[16 * 1024];
        int count;
        while ((count = await client.ReadBytesAsync(buffer)) > 0)
        {
            await stream.WriteAsync(buffer.AsMemory(0, count), client.Stopping);
        }

        target.Client.Shutdown(SocketShutdown.Send);
        await toClient;
    }
}
