using System.Security.Authentication;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Sockets;

/// <summary>Closes of connections over TLS.</summary>
public sealed class SecureCloseTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    // Inside TLS (RFC 8446 section 6.1), which leaves TCP below as it is, or below it.
    [SocketTheory]
    [InlineData(SslProtocols.Tls13, true)]
    [InlineData(SslProtocols.Tls13, false)]
    [InlineData(SslProtocols.Tls12, true)]
    [InlineData(SslProtocols.Tls12, false)]
    public async Task Close_lets_a_peer_that_ended_its_side_have_all_that_was_accepted(SslProtocols protocols, bool isInsideTls)
    {
        const int Size = 8 * 1024 * 1024;
        TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource<RawFrame?[]> read = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawServer server = RawServer.Start(
            async connection =>
            {
                connection.LimitReceiveBuffer(16 * 1024);
                await connection.AcceptHandshakeAsync();
                await closed.Task;
                try
                {
                    await (isInsideTls ? connection.Tls!.ShutdownAsync() : Task.Run(connection.ShutdownSend));
                    read.SetResult([await connection.ReadFrameAsync(), await connection.ReadFrameAsync()]);
                }
                catch (Exception e)
                {
                    read.SetException(e);
                }
            },
            new RawServerOptions { Tls = new RawTlsOptions(certificates.Server) { Protocols = protocols } });
        MessageWebSocket socket = new();
        socket.Control.TrustedRoots = certificates.Roots;
        socket.Control.OutboundBufferSizeInBytes = 16 * 1024;
        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);
        await socket.SendAsync(new byte[Size], SocketMessageType.Binary, TestContext.Current.CancellationToken);

        socket.Close(1000);
        closed.SetResult();

        RawFrame?[] frames = await read.Task;
        Assert.Equal(Size, frames[0]?.Payload.Length);
        Assert.Equal(WireOpcode.Close, frames[1]?.Opcode);
    }
}
