using System.Net;
using System.Net.Sockets;

namespace MessageWebSockets.Bench;

/// <summary>The least that a tunnel could do: takes TCP connections, makes one to a target for each, and copies bytes both ways.</summary>
internal static class TcpRelay
{
    public const string ChildName = "relay";

    private const int BufferSize = 64 * 1024;

    /// <summary>Says where it listens, and relays until its input ends.</summary>
    public static async Task RunChildAsync(int target)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        Console.WriteLine(((IPEndPoint)listener.LocalEndPoint!).Port);
        _ = AcceptAsync(listener, new IPEndPoint(IPAddress.Loopback, target));
        await Console.In.ReadLineAsync();
    }

    private static async Task AcceptAsync(Socket listener, IPEndPoint target)
    {
        while (true)
        {
            Socket accepted = await listener.AcceptAsync();
            _ = Task.Run(() => RelayAsync(accepted, target));
        }
    }

    private static async Task RelayAsync(Socket accepted, IPEndPoint target)
    {
        using Socket client = accepted;
        using Socket service = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await service.ConnectAsync(target);
        client.NoDelay = service.NoDelay = true;
        await Task.WhenAll(CopyAsync(client, service), CopyAsync(service, client));
    }

    private static async Task CopyAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[BufferSize];
        int read;
        while ((read = await from.ReceiveAsync(buffer)) > 0)
        {
            for (ReadOnlyMemory<byte> rest = buffer.AsMemory(0, read); rest.Length > 0;)
            {
                rest = rest[await to.SendAsync(rest)..];
            }
        }

        to.Shutdown(SocketShutdown.Send);
    }
}
