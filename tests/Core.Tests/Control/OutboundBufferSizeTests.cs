using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
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

    // Asks the system, not the class under test: among the descriptors of this process, the socket with the connection's ports.
    private static int SendBufferOf(MessageWebSocket socket)
    {
        foreach (string path in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            int descriptor = int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture);
            if (PortOf(descriptor, getsockname) == socket.Information.LocalPort && PortOf(descriptor, getpeername) == socket.Information.RemotePort)
            {
                int length = sizeof(int);
                Assert.Equal(0, getsockopt(descriptor, SolSocket, SoSndBuf, out int size, ref length));
                return size;
            }
        }

        Assert.Fail("No descriptor of this process is the connection's socket.");
        return 0;
    }

    private static int PortOf(int descriptor, NameOfSocket ask)
    {
        byte[] address = new byte[128];
        int length = address.Length;
        return ask(descriptor, address, ref length) == 0 ? (address[2] << 8) | address[3] : -1;
    }

    private delegate int NameOfSocket(int descriptor, byte[] address, ref int length);

#pragma warning disable SYSLIB1054, CA5392, IDE1006 // Generated marshalling needs unsafe code; the names are those of libc.
    [DllImport("libc")]
    private static extern int getsockname(int descriptor, byte[] address, ref int length);

    [DllImport("libc")]
    private static extern int getpeername(int descriptor, byte[] address, ref int length);

    [DllImport("libc")]
    private static extern int getsockopt(int descriptor, int level, int option, out int value, ref int length);
#pragma warning restore SYSLIB1054, CA5392, IDE1006
}
