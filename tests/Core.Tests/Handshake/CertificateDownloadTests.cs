using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

/// <summary>What goes out before the certificate of a server is judged, as docs/security.md has it.</summary>
public sealed class CertificateDownloadTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Intermediate_certificates_are_not_fetched_from_where_a_certificate_says(bool trustedRoots)
    {
        byte[] intermediate = certificates.UnsentIntermediate.RawData;
        await using RawServer issuer = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendBytesAsync(
                "HTTP/1.1 200 OK\r\nContent-Type: application/pkix-cert\r\nContent-Length: "
                + $"{intermediate.Length}\r\nConnection: close\r\n\r\n");
            await connection.SendBytesAsync(intermediate);
        });
        await using RawServer server = RawServer.Start(
            AcceptAsync, new RawServerOptions
            {
                Tls = new RawTlsOptions(certificates.IncompleteChainWith(new Uri($"http://{issuer.EndPoint}/issuer.cer"))),
            });
        using MessageWebSocket socket = new();
        socket.Control.TrustedRoots = trustedRoots ? certificates.Roots : null;

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.CertificateIsInvalid, 0x80072F0D, "is missing");
        Assert.Equal([ChainValidationResult.IncompleteChain], socket.Information.ServerCertificateErrors);
        Assert.Empty(issuer.Connections);
    }

    [Fact]
    public async Task ClientCertificate_goes_out_before_the_certificate_of_the_server_is_judged()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The order is the platform's TLS library's.");
        TaskCompletionSource<string?> presented = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawServer server = RawServer.Start(
            async connection =>
            {
                presented.SetResult(connection.Tls!.RemoteCertificate?.Subject);
                await connection.DrainBytesAsync();
            },
            new RawServerOptions { Tls = new RawTlsOptions(certificates.Expired) { AskForClientCertificate = true } });
        using MessageWebSocket socket = new();
        socket.Control.TrustedRoots = certificates.Roots;
        socket.Control.ClientCertificate = certificates.Client;

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.CertificateExpired, 0x80072F05);
        Assert.Equal(certificates.Client.Subject, await presented.Task.WaitAsync(ConnectFailure.Patience));
        await server.WhenIdleAsync(TestContext.Current.CancellationToken).WaitAsync(ConnectFailure.Patience);
        Assert.Equal(0, server.Connections[0].BytesRead);
    }

    private static async Task AcceptAsync(RawConnection connection)
    {
        await connection.AcceptHandshakeAsync();
        await connection.SinkAsync();
    }
}
