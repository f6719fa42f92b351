using System.Security.Cryptography;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

/// <summary>Which name a server is asked for in TLS and its certificate checked for, and whom a user's leniency is for.</summary>
public sealed class ServerNameTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Host_header_changes_neither_the_name_in_TLS_nor_the_one_that_is_checked(bool throughProxy)
    {
        await using HttpConnectProxy proxy = HttpConnectProxy.Start();
        string? serverName = null;
        await using RawServer server = Secure(certificates.Server, connection => serverName = connection.Tls!.TargetHostName);
        using MessageWebSocket socket = Trusting();
        socket.Control.Proxy = throughProxy ? proxy.Uri : null;
        socket.SetRequestHeader("Host", "other.test:99");

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Equal("localhost", serverName);
        Assert.Empty(socket.Information.ServerCertificateErrors);
        RawRequest request = Assert.Single(server.Connections).Request!;
        Assert.Equal("other.test:99", request.Headers["Host"]);
        Assert.Equal(throughProxy ? [server.Uri.Authority] : [], proxy.Targets);
    }

    [Fact]
    public async Task Host_header_does_not_make_a_certificate_for_that_name_good_for_the_address()
    {
        await using RawServer server = Secure(certificates.WrongName);
        using MessageWebSocket socket = Trusting();
        socket.SetRequestHeader("Host", "elsewhere.example");

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.CertificateCommonNameIsIncorrect, 0x80072F06, "The certificate of localhost is for another name");
        Assert.Equal([ChainValidationResult.InvalidName], socket.Information.ServerCertificateErrors);
        await server.WhenIdleAsync(TestContext.Current.CancellationToken).WaitAsync(ConnectFailure.Patience);
        Assert.All(server.Connections, connection => Assert.Equal(0, connection.BytesRead));
    }

    [Fact]
    public async Task Host_header_goes_out_once_on_plain_text_and_with_a_credential_on_both_requests()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            if (connection.Number == 1)
            {
                await connection.ReadRequestAsync();
                await connection.SendResponseAsync(401, "Who are you?", ("WWW-Authenticate", "Basic realm=\"test\""));
                return;
            }

            await AcceptAsync(connection);
        });
        using MessageWebSocket socket = new();
        socket.Control.ServerCredential = new System.Net.NetworkCredential("user", "pass");
        socket.SetRequestHeader("Host", "other.test");

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Equal(["other.test", "other.test"], server.Connections.Select(connection => connection.Request!.Headers["Host"]));
    }

    [Theory]
    [InlineData("localhost", "localhost")]
    [InlineData("LOCALHOST", "localhost")]
    [InlineData("localhost.", "localhost.")]
    [InlineData("127.0.0.1", "")]
    [InlineData("127.1", "")]
    [InlineData("0x7f.0.0.1", "")]
    [InlineData("2130706433", "")]
    public async Task Certificate_is_good_for_every_form_of_its_name(string host, string serverName)
    {
        string? asked = null;
        await using RawServer server = Secure(certificates.Server, connection => asked = connection.Tls!.TargetHostName);
        using MessageWebSocket socket = Trusting();

        await socket.ConnectAsync(new Uri($"wss://{host}:{server.EndPoint.Port}/"), TestContext.Current.CancellationToken);

        Assert.Empty(socket.Information.ServerCertificateErrors);
        Assert.Equal(serverName, asked, ignoreCase: true);
    }

    [Fact]
    public async Task IgnorableServerCertificateErrors_do_not_follow_a_redirect_to_another_origin()
    {
        await using RawServer stranger = Secure(certificates.Expired);
        await using RawServer first = Redirecting(certificates.Expired, stranger.Uri);
        using MessageWebSocket socket = Trusting();
        socket.Control.MaximumRedirection = 5;
        socket.Control.IgnorableServerCertificateErrors.Add(ChainValidationResult.Expired);

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, first.Uri);

        failure.Is(WebErrorStatus.CertificateExpired, 0x80072F05, "A redirect led there");
        Assert.DoesNotContain("ignore:", failure.Message, StringComparison.Ordinal);
        Assert.Equal(stranger.Uri.Port, failure.PeerUri!.Port);
        await stranger.WhenIdleAsync(TestContext.Current.CancellationToken).WaitAsync(ConnectFailure.Patience);
        Assert.All(stranger.Connections, connection => Assert.Equal(0, connection.BytesRead));
    }

    [Fact]
    public async Task IgnorableServerCertificateErrors_follow_a_redirect_on_the_same_origin()
    {
        await using RawServer server = RawServer.Start(
            async connection =>
            {
                if ((await connection.ReadRequestAsync()).Path == "/")
                {
                    await connection.SendResponseAsync(307, "", ("Location", "/there"));
                    return;
                }

                await AcceptAsync(connection);
            },
            new RawServerOptions { Tls = new RawTlsOptions(certificates.Expired) });
        using MessageWebSocket socket = Trusting();
        socket.Control.MaximumRedirection = 1;
        socket.Control.IgnorableServerCertificateErrors.Add(ChainValidationResult.Expired);

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Equal([ChainValidationResult.Expired], socket.Information.ServerCertificateErrors);
    }

    [Fact]
    public async Task Pins_and_handlers_hold_where_a_redirect_leads()
    {
        await using RawServer stranger = Secure(certificates.ServerRsa);
        await using RawServer first = Redirecting(certificates.Server, stranger.Uri);
        string pin = certificates.Server.Leaf.GetCertHashString(HashAlgorithmName.SHA256);
        using MessageWebSocket pinned = Trusting();
        pinned.Control.MaximumRedirection = 1;
        pinned.Control.PinnedCertificateSha256.Add(pin);
        using MessageWebSocket handled = Trusting();
        handled.Control.MaximumRedirection = 1;
        List<string> asked = [];
        handled.ServerCustomValidationRequested += (_, args) =>
        {
            asked.Add(args.ServerCertificate.Thumbprint);
            if (asked.Count > 1)
            {
                args.Reject();
            }
        };

        MessageWebSocketException otherPin = await ConnectFailure.OfAsync(pinned, first.Uri);
        MessageWebSocketException rejected = await ConnectFailure.OfAsync(handled, first.Uri);

        otherPin.Is(WebErrorStatus.CertificateIsInvalid, 0x80072F89, "none of the pinned SHA-256 hashes");
        rejected.Is(WebErrorStatus.CertificateIsInvalid, 0x80072F89, "rejected by the custom validation");
        Assert.Equal([certificates.Server.Leaf.Thumbprint, certificates.ServerRsa.Leaf.Thumbprint], asked);
        await stranger.WhenIdleAsync(TestContext.Current.CancellationToken).WaitAsync(ConnectFailure.Patience);
        Assert.All(stranger.Connections, connection => Assert.Equal(0, connection.BytesRead));
    }

    private static async Task AcceptAsync(RawConnection connection)
    {
        await connection.AcceptHandshakeAsync();
        await connection.SinkAsync();
    }

    private static RawServer Secure(ServerCertificate certificate, Action<RawConnection>? look = null) => RawServer.Start(
        connection =>
        {
            look?.Invoke(connection);
            return AcceptAsync(connection);
        },
        new RawServerOptions { Tls = new RawTlsOptions(certificate) });

    private static RawServer Redirecting(ServerCertificate certificate, Uri target) => RawServer.Start(
        async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendResponseAsync(302, "", ("Location", target.AbsoluteUri));
        },
        new RawServerOptions { Tls = new RawTlsOptions(certificate) });

    private MessageWebSocket Trusting()
    {
        MessageWebSocket socket = new();
        socket.Control.TrustedRoots = certificates.Roots;
        return socket;
    }
}
