using System.Net.Sockets;

namespace MessageWebSockets.TestServer;

/// <summary>What a <see cref="MannersServer"/> does with a connection before TLS begins.</summary>
internal static class MannersTls
{
    private const byte HandshakeRecord = 22;
    private const int HelloVersion = 9;

    // A record of a handshake with a ServerHello that says TLS 1.1, as far as it is read.
    private static readonly byte[] s_serverHello = [HandshakeRecord, 3, 2, 0, 6, 2, 0, 0, 2, 3, 2];

    /// <summary>Whether the client begins without TLS.</summary>
    public static async Task<bool> IsPlainAsync(Socket socket, CancellationToken cancellationToken)
    {
        byte[] first = new byte[1];
        return await socket.ReceiveAsync(first, SocketFlags.Peek, cancellationToken) == 1 && first[0] != HandshakeRecord;
    }

    /// <summary>Whether the client offers TLS 1.1 at most, which is then answered; clients of today offer 1.2 in this place.</summary>
    public static async Task<bool> AnswersOldHelloAsync(Socket socket, CancellationToken cancellationToken)
    {
        byte[] hello = new byte[HelloVersion + 2];
        while (await socket.ReceiveAsync(hello, SocketFlags.Peek, cancellationToken) is > 0 and var count)
        {
            if (count == hello.Length)
            {
                break;
            }
        }

        bool isOld = hello[0] == HandshakeRecord && hello[HelloVersion] == 3 && hello[HelloVersion + 1] == 2;
        if (isOld)
        {
            await socket.SendAsync(s_serverHello, SocketFlags.None, cancellationToken);
        }

        return isOld;
    }
}
