using System.Globalization;
using System.Runtime.InteropServices;
using Xunit;

namespace MessageWebSockets.Tests.Loopback;

/// <summary>An option of a socket of this process, as the system has it: the class under test is not asked. Linux only.</summary>
internal static class SocketOption
{
    /// <summary>Among the descriptors of this process, that of the socket with the connection's ports.</summary>
    public static int Of(WebSocketInformation connection, int level, int option)
    {
        foreach (string path in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            int descriptor = int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture);
            if (PortOf(descriptor, getsockname) == connection.LocalPort && PortOf(descriptor, getpeername) == connection.RemotePort)
            {
                int length = sizeof(int);
                Assert.Equal(0, getsockopt(descriptor, level, option, out int value, ref length));
                return value;
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
