using System.Security.Cryptography.X509Certificates;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

/// <summary>Certificates of the user that were disposed of: it is no fault of the server's that nothing can be done with them.</summary>
public sealed class DisposedCertificateTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    [Fact]
    public async Task TrustedRoots_with_one_that_was_disposed_of_are_refused_before_anything_is_sent()
    {
        X509Certificate2 gone = X509CertificateLoader.LoadCertificate(certificates.OtherRoot.RawData);
        X509Certificate2Collection roots = [certificates.Root, gone];
        await AssertRefusedAsync(
            control => control.TrustedRoots = roots, gone, "Certificate 2 of the 2 in TrustedRoots was disposed of.");
        await AssertRefusedAsync(control => control.TrustedRoots = [gone], null, "The certificate in TrustedRoots was disposed of.");
    }

    [Fact]
    public async Task ClientCertificate_that_was_disposed_of_is_refused_before_anything_is_sent()
    {
        X509Certificate2 gone = X509CertificateLoader.LoadPkcs12(certificates.Client.Export(X509ContentType.Pkcs12), password: null);
        await AssertRefusedAsync(control => control.ClientCertificate = gone, gone, "ClientCertificate was disposed of.");
        await AssertRefusedAsync(control => control.ClientCertificate = gone, null, "ClientCertificate was disposed of.");
    }

    // Disposed of between the setting and the connect, or before both.
    private async Task AssertRefusedAsync(Action<WebSocketControl> set, X509Certificate2? disposedLater, string why)
    {
        await using RawServer server = RawServer.Start(
            static connection => connection.AcceptHandshakeAsync(),
            new RawServerOptions { Tls = new RawTlsOptions(certificates.Server) });
        using MessageWebSocket socket = new();
        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(async () =>
        {
            set(socket.Control);
            disposedLater?.Dispose();
            await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);
        });

        Assert.Equal(why, refused.Message);
        Assert.Empty(server.Connections);
        Assert.Equal(MessageWebSocketState.Created, socket.State);
        socket.Control.TrustedRoots = certificates.Roots;
        socket.Control.ClientCertificate = null;
        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);
    }
}
