using System.Net.Sockets;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Control;

public sealed class OutboundBufferSizeTests
{
    private const int SolSocket = 1;
    private const int SoSndBuf = 7;

    [SocketFact]
    public async Task OutboundBufferSizeInBytes_is_SO_SNDBUF_of_the_real_socket()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The socket of a port is found through /proc, which is Linux only.");
        await using Dialogue ordinary = await Dialogue.OpenAsync();
        await using Dialogue small = await Dialogue.OpenAsync(socket => socket.Control.OutboundBufferSizeInBytes = 20_000);

        // What the system makes of 20,000 (Linux doubles it), from a socket that was told directly.
        using Socket reference = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { SendBufferSize = 20_000 };

        Assert.Equal(reference.SendBufferSize, SendBufferOf(small.Socket));
        Assert.NotEqual(reference.SendBufferSize, SendBufferOf(ordinary.Socket));
    }

    [SocketFact]
    public async Task OutboundBufferSizeInBytes_set_after_a_connect_has_no_effect_and_is_no_error()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The socket of a port is found through /proc, which is Linux only.");
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        int before = SendBufferOf(dialogue.Socket);

        dialogue.Socket.Control.OutboundBufferSizeInBytes = 20_000;

        Assert.Equal(20_000u, dialogue.Socket.Control.OutboundBufferSizeInBytes);
        Assert.Equal(before, SendBufferOf(dialogue.Socket));
    }

    private static int SendBufferOf(MessageWebSocket socket) => SocketOption.Of(socket.Information, SolSocket, SoSndBuf);
}
