using System.Net.Sockets;

namespace MessageWebSockets.PowerShell.Tests.Tunnels;

/// <summary>Bytes over a plain socket.</summary>
internal static class SocketBytes
{
    public static async Task SendAllAsync(this Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await socket.SendAsync(bytes)..];
        }
    }

    public static async Task<byte[]> ReadExactlyAsync(this Socket socket, int count)
    {
        byte[] bytes = new byte[count];
        for (int read = 0; read < count;)
        {
            int more = await socket.ReceiveAsync(bytes.AsMemory(read));
            read += more > 0 ? more : throw new EndOfStreamException($"It ended after {read} bytes.");
        }

        return bytes;
    }

    /// <summary>The end of the connection: 0, or the error.</summary>
    public static async Task<SocketError> ReadEndAsync(this Socket socket)
    {
        byte[] rest = new byte[64 * 1024];
        try
        {
            while (await socket.ReceiveAsync(rest) > 0)
            {
            }

            return SocketError.Success;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
    }

    /// <summary>Closes so that the other side meets a reset.</summary>
    public static void Reset(this Socket socket)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Dispose();
    }
}
