using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MessageWebSockets.PowerShell.Tunnels;
using Xunit;
using static MessageWebSockets.PowerShell.Tests.Tunnels.RawPeers;

namespace MessageWebSockets.PowerShell.Tests.Tunnels;

/// <summary>What the peers of a tunnel see of the end of its process, which nobody gets to say goodbye in.</summary>
public sealed class TunnelProcessEndTests
{
    private const int Limit = 60_000;
    private const string Control = "TEST_TUNNELS_ARE_CONTROLLED_BY";

    private static readonly byte[] Message = [0x82, 0x01, 7];

    [Theory(Timeout = Limit)]
    [InlineData("exit")]
    [InlineData("kill")]
    public async Task A_process_that_ends_resets_what_has_not_ended_and_breaks_its_WebSockets(string ending)
    {
        if (Environment.GetEnvironmentVariable(Control) is { } control)
        {
            await CarryAndExitAsync(control.Split(' ').Select(static port => int.Parse(port, CultureInfo.InvariantCulture)).ToArray());
        }

        using Socket controller = Listen();
        using Socket server = Listen();
        using Socket target = Listen();
        using Process process = Start([controller, server, target]);
        Task<string> output = OutputOfAsync(process);
        try
        {
            Task<Socket> accepting = controller.AcceptAsync();
            Assert.True(await Task.WhenAny(accepting, output) == accepting, output.IsCompleted ? await output : "");
            using Socket controlled = await accepting;
            int[] ports = [await ReadPortAsync(controlled), await ReadPortAsync(controlled)];

            // From TCP to a WebSocket, and from a WebSocket to TCP: both in the middle of a transfer.
            using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(IPAddress.Loopback, ports[0]);
            using Socket peer = await AcceptWebSocketAsync(server);
            await peer.SendAllAsync(Message);
            Assert.Equal([7], await client.ReadExactlyAsync(1));
            using StreamWebSocket webSocket = new();
            await webSocket.ConnectAsync(new Uri($"ws://127.0.0.1:{ports[1]}/"));
            using Socket service = await target.AcceptAsync();
            await webSocket.OutputStream.WriteAsync(new byte[] { 7 });
            Assert.Equal([7], await service.ReadExactlyAsync(1));

            await EndAsync(process, controlled, ending);

            Assert.Equal(SocketError.ConnectionReset, await client.ReadEndAsync());
            Assert.Equal(SocketError.ConnectionReset, await service.ReadEndAsync());
            await Assert.ThrowsAsync<MessageWebSocketException>(() => webSocket.InputStream.CopyToAsync(Stream.Null));
            await Assert.ThrowsAsync<EndOfStreamException>(() => ReadCloseAsync(peer));
        }
        finally
        {
            process.Kill();
            await output;
        }
    }

    // The other side of it: a close that resets would drop what the system still has.
    [Fact(Timeout = Limit)]
    public async Task What_waits_for_a_slow_client_when_the_tunnel_has_ended_arrives_whole()
    {
        const int Size = 48 * 1024;
        using Socket server = Listen();
        await using WsTunnel tunnel = TcpPair.ToWebSocket(UriOf(server), Patient);
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await client.ConnectAsync(tunnel.LocalEndPoint);
        using (Socket peer = await AcceptWebSocketAsync(server))
        {
            await peer.SendAllAsync((byte[])[0x82, 126, Size >> 8, Size & 0xFF, .. new byte[Size], .. Close]);
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal(1000, await ReadCloseAsync(peer));
        }

        await UntilAsync(() => tunnel.Serving == 0);

        Assert.Equal(Size, (await client.ReadExactlyAsync(Size)).Length);
        Assert.Equal(SocketError.Success, await client.ReadEndAsync());
        Assert.Equal(0, tunnel.ConnectionsFailed);
    }

    // In the process that the test starts.
    private static async Task CarryAndExitAsync(int[] ports)
    {
        using Socket control = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await control.ConnectAsync(IPAddress.Loopback, ports[0]);
        WsTunnel outbound = TcpPair.ToWebSocket(new Uri($"ws://127.0.0.1:{ports[1]}/"));
        WsTunnel inbound = WsTunnel.ToTcp(
            new DnsEndPoint("127.0.0.1", ports[2]), new WebSocketEchoServerOptions { Name = "in", MaxConnections = 10 });
        foreach (WsTunnel tunnel in (WsTunnel[])[outbound, inbound])
        {
            await control.SendAllAsync(BitConverter.GetBytes(tunnel.LocalEndPoint.Port));
        }

        await control.ReadExactlyAsync(1);
        Environment.Exit(0);
    }

    private static Process Start(Socket[] listeners)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(typeof(TunnelProcessEndTests).Assembly.Location);
        start.ArgumentList.Add("-method");
        start.ArgumentList.Add(
            $"{typeof(TunnelProcessEndTests).FullName}.{nameof(A_process_that_ends_resets_what_has_not_ended_and_breaks_its_WebSockets)}");
        start.Environment[Control] = string.Join(' ', listeners.Select(static one => ((IPEndPoint)one.LocalEndPoint!).Port));
        return Process.Start(start)!;
    }

    private static async Task EndAsync(Process process, Socket controlled, string ending)
    {
        if (ending == "exit")
        {
            await controlled.SendAllAsync(new byte[1]);
        }
        else
        {
            process.Kill();
        }

        await process.WaitForExitAsync();
    }

    private static async Task<int> ReadPortAsync(Socket controlled) => BitConverter.ToInt32(await controlled.ReadExactlyAsync(sizeof(int)));

    private static async Task<string> OutputOfAsync(Process process)
    {
        string[] output = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        return string.Concat(output);
    }
}
