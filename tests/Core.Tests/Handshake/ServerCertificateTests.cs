using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

public sealed class ServerCertificateTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    [Fact]
    public async Task ServerCertificate_its_intermediates_and_no_errors_are_in_Information()
    {
        await using RawServer server = Secure(certificates.Server);
        using MessageWebSocket socket = Trusting();

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        MessageWebSocketInformation information = socket.Information;
        Assert.Equal(certificates.Server.Leaf.Thumbprint, information.ServerCertificate?.Thumbprint);
        Assert.Equal([certificates.Intermediate.Thumbprint], information.ServerIntermediateCertificates.Select(c => c.Thumbprint));
        Assert.Empty(information.ServerCertificateErrors);
        Assert.Equal(SocketSslErrorSeverity.None, information.ServerCertificateErrorSeverity);
        Assert.True(information.TlsProtocol >= SslProtocols.Tls12);
        Assert.NotNull(information.ConnectTimings!.Tls);
    }

    [Fact]
    public async Task ServerCertificate_is_there_for_who_asks_after_the_end_and_one_object_for_all()
    {
        await using RawServer server = Secure(certificates.Server);
        MessageWebSocket socket = Trusting();
        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);
        socket.Dispose();

        MessageWebSocketInformation information = socket.Information;
        Assert.Equal(certificates.Server.Leaf.RawData, information.ServerCertificate?.RawData);
        Assert.Same(information.ServerCertificate, information.ServerCertificate);
        Assert.Same(Assert.Single(information.ServerIntermediateCertificates), information.ServerIntermediateCertificates[0]);
    }

    [Fact]
    public async Task ServerCertificate_is_null_for_plain_text()
    {
        await using RawServer server = RawServer.Start(AcceptAsync);
        using MessageWebSocket socket = new();

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Null(socket.Information.ServerCertificate);
        Assert.Empty(socket.Information.ServerIntermediateCertificates);
        Assert.Null(socket.Information.TlsProtocol);
        Assert.Null(socket.Information.ConnectTimings!.Tls);
    }

    [Theory]
    [InlineData(
        nameof(TestCertificates.Expired), ChainValidationResult.Expired, WebErrorStatus.CertificateExpired, 0x80072F05u, "expired on ")]
    [InlineData(
        nameof(TestCertificates.NotYetValid),
        ChainValidationResult.Expired,
        WebErrorStatus.CertificateExpired,
        0x80072F05u,
        "not valid before ")]
    [InlineData(
        nameof(TestCertificates.WrongName),
        ChainValidationResult.InvalidName,
        WebErrorStatus.CertificateCommonNameIsIncorrect,
        0x80072F06u,
        "for another name")]
    [InlineData(
        nameof(TestCertificates.WrongUsage),
        ChainValidationResult.WrongUsage,
        WebErrorStatus.CertificateContainsErrors,
        0x80072F89u,
        "not meant for a server")]
    [InlineData(
        nameof(TestCertificates.SelfSigned), ChainValidationResult.Untrusted, WebErrorStatus.CertificateIsInvalid, 0x80072F0Du, "trusted")]
    [InlineData(
        nameof(TestCertificates.UnknownAuthority),
        ChainValidationResult.IncompleteChain,
        WebErrorStatus.CertificateIsInvalid,
        0x80072F0Du,
        "trusted root")]
    [InlineData(
        nameof(TestCertificates.IncompleteChain),
        ChainValidationResult.IncompleteChain,
        WebErrorStatus.CertificateIsInvalid,
        0x80072F0Du,
        "is missing")]
    public async Task ServerCertificateErrors_map_to_the_error_table_stay_in_Information_and_can_be_ignored(
        string name, ChainValidationResult error, WebErrorStatus status, uint hresult, string what)
    {
        ServerCertificate certificate = Named(name);
        await using RawServer server = Secure(certificate);
        using MessageWebSocket refusing = Trusting();
        using MessageWebSocket ignoring = Trusting();
        ignoring.Control.IgnorableServerCertificateErrors.Add(error);

        MessageWebSocketException failure = await ConnectFailure.OfAsync(refusing, server.Uri);
        await ignoring.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        failure.Is(status, hresult, "The certificate of localhost", what, certificate.Leaf.Subject, $"ignore: {error}");
        foreach (MessageWebSocketInformation information in (MessageWebSocketInformation[])[refusing.Information, ignoring.Information])
        {
            Assert.Equal([error], information.ServerCertificateErrors);
            Assert.Equal(SocketSslErrorSeverity.Ignorable, information.ServerCertificateErrorSeverity);
            Assert.Equal(certificate.Leaf.Thumbprint, information.ServerCertificate?.Thumbprint);
        }

        Assert.Equal(MessageWebSocketState.Open, ignoring.State);
        Assert.Single(server.Connections, connection => connection.Request is not null);
    }

    [Fact]
    public async Task IgnorableServerCertificateErrors_ignore_only_what_they_list()
    {
        await using RawServer server = Secure(certificates.WrongName);
        using MessageWebSocket socket = new();
        socket.Control.TrustedRoots = [certificates.OtherRoot];
        socket.Control.IgnorableServerCertificateErrors.Add(ChainValidationResult.Expired);
        socket.Control.IgnorableServerCertificateErrors.Add(ChainValidationResult.InvalidName);

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.CertificateIsInvalid, 0x80072F0D, "ignore: IncompleteChain");
        Assert.Equal(
            [ChainValidationResult.IncompleteChain, ChainValidationResult.InvalidName], socket.Information.ServerCertificateErrors.Order());
    }

    [Fact]
    public async Task ServerCertificateErrors_of_several_kinds_are_CertificateContainsErrors()
    {
        await using RawServer server = Secure(certificates.WrongName);
        using MessageWebSocket socket = new();
        socket.Control.TrustedRoots = [certificates.OtherRoot];

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.CertificateContainsErrors, 0x80072F89, "several errors", "InvalidName", "IncompleteChain");
    }

    [Fact]
    public async Task TrustedRoots_replace_the_roots_of_the_system()
    {
        await using RawServer server = Secure(certificates.Server);
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);
        socket.Control.TrustedRoots = certificates.Roots;
        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Equal(WebErrorStatus.CertificateIsInvalid, failure.Status);
        Assert.Equal("0x80072F0D", $"0x{failure.HResult:X8}");
        Assert.Empty(socket.Information.ServerCertificateErrors);
    }

    [Theory]
    [InlineData(ChainValidationResult.Revoked)]
    [InlineData(ChainValidationResult.InvalidSignature)]
    [InlineData(ChainValidationResult.OtherErrors)]
    [InlineData(ChainValidationResult.BasicConstraintsError)]
    [InlineData(ChainValidationResult.UnknownCriticalExtension)]
    [InlineData(ChainValidationResult.InvalidCertificateAuthorityPolicy)]
    [InlineData(ChainValidationResult.Success)]
    public void IgnorableServerCertificateErrors_refuse_what_cannot_be_ignored(ChainValidationResult error)
    {
        using MessageWebSocket socket = new();

        Assert.Throws<ArgumentException>(() => socket.Control.IgnorableServerCertificateErrors.Add(error));
    }

    [Fact]
    public async Task RevocationMode_Online_refuses_a_revoked_certificate_and_nothing_can_ignore_that()
    {
        await using RawServer server = Secure(certificates.Revoked);
        using MessageWebSocket socket = Trusting();
        socket.Control.RevocationMode = X509RevocationMode.Online;

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.CertificateRevoked, 0x80072F8A, "was revoked", "cannot be ignored");
        Assert.Contains(ChainValidationResult.Revoked, socket.Information.ServerCertificateErrors);
        Assert.Equal(SocketSslErrorSeverity.Fatal, socket.Information.ServerCertificateErrorSeverity);
        Assert.NotEqual(0, certificates.RevocationListRequests);
    }

    [Fact]
    public async Task RevocationMode_Online_takes_a_certificate_that_is_not_on_the_list()
    {
        await using TestCertificates own = new();
        await using RawServer server = Secure(own.NotRevoked);
        using MessageWebSocket socket = new();
        socket.Control.TrustedRoots = own.Roots;
        socket.Control.RevocationMode = X509RevocationMode.Online;

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Empty(socket.Information.ServerCertificateErrors);
        Assert.NotEqual(0, own.RevocationListRequests);
    }

    [Fact]
    public async Task RevocationMode_NoCheck_is_the_default_and_takes_a_revoked_certificate()
    {
        await using RawServer server = Secure(certificates.Revoked);
        using MessageWebSocket socket = Trusting();

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Equal(X509RevocationMode.NoCheck, socket.Control.RevocationMode);
    }

    [Fact]
    public async Task RevocationMode_Online_without_an_answer_is_an_error_that_can_be_ignored()
    {
        await using RawServer server = Secure(certificates.RevocationOffline);
        using MessageWebSocket socket = Trusting();
        socket.Control.RevocationMode = X509RevocationMode.Online;

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);
        IReadOnlyList<ChainValidationResult> errors = socket.Information.ServerCertificateErrors;
        foreach (ChainValidationResult error in errors)
        {
            socket.Control.IgnorableServerCertificateErrors.Add(error);
        }

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Equal("0x80072F89", $"0x{failure.HResult:X8}");
        Assert.All(
            errors,
            error => Assert.True(error is ChainValidationResult.RevocationFailure or ChainValidationResult.RevocationInformationMissing));
        Assert.Equal(SocketSslErrorSeverity.Ignorable, socket.Information.ServerCertificateErrorSeverity);
    }

    [Theory]
    [InlineData("{0}")]
    [InlineData("colons")]
    [InlineData("second")]
    public async Task PinnedCertificateSha256_takes_the_pinned_certificate(string form)
    {
        string hash = certificates.Server.Leaf.GetCertHashString(HashAlgorithmName.SHA256);
        await using RawServer server = Secure(certificates.Server);
        using MessageWebSocket socket = Trusting();
        if (form == "second")
        {
            socket.Control.PinnedCertificateSha256.Add(new string('0', 64));
        }

        socket.Control.PinnedCertificateSha256.Add(
            form == "colons" ? string.Join(':', hash.ToLowerInvariant().Chunk(2).Select(c => new string(c))) : hash);

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Equal(MessageWebSocketState.Open, socket.State);
    }

    [Fact]
    public async Task PinnedCertificateSha256_refuses_another_certificate_before_any_byte_of_the_request()
    {
        await using RawServer server = Secure(certificates.Server);
        using MessageWebSocket socket = Trusting();
        socket.Control.PinnedCertificateSha256.Add(certificates.ServerRsa.Leaf.GetCertHashString(HashAlgorithmName.SHA256));

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.CertificateIsInvalid, 0x80072F89, "none of the pinned SHA-256 hashes", certificates.Server.Leaf.Subject);
        Assert.Equal(certificates.Server.Leaf.Thumbprint, socket.Information.ServerCertificate?.Thumbprint);
        await server.WhenIdleAsync(TestContext.Current.CancellationToken).WaitAsync(ConnectFailure.Patience);
        Assert.All(server.Connections, connection => Assert.Equal(0, connection.BytesRead));
    }

    [Fact]
    public async Task PinnedCertificateSha256_does_not_make_an_invalid_certificate_valid()
    {
        await using RawServer server = Secure(certificates.Expired);
        using MessageWebSocket socket = Trusting();
        socket.Control.PinnedCertificateSha256.Add(certificates.Expired.Leaf.GetCertHashString(HashAlgorithmName.SHA256));

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.CertificateExpired, 0x80072F05);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task ConnectAsync_judges_the_certificate_of_a_resumed_session_like_the_first(SslProtocols version)
    {
        await using RawServer server = Secure(certificates.Server, version);
        string hash = certificates.Server.Leaf.GetCertHashString(HashAlgorithmName.SHA256);
        using MessageWebSocket first = Trusting();
        await first.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);
        for (int i = 0; i < 3; i++)
        {
            using MessageWebSocket later = Trusting();
            later.Control.PinnedCertificateSha256.Add(hash);
            await later.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

            Assert.Equal(hash, later.Information.ServerCertificate?.GetCertHashString(HashAlgorithmName.SHA256));
            Assert.Equal(
                first.Information.ServerIntermediateCertificates.Select(certificate => certificate.Thumbprint),
                later.Information.ServerIntermediateCertificates.Select(certificate => certificate.Thumbprint));
            await later.CloseAsync(cancellationToken: TestContext.Current.CancellationToken);
        }

        using MessageWebSocket pinned = Trusting();
        pinned.Control.PinnedCertificateSha256.Add(certificates.ServerRsa.Leaf.GetCertHashString(HashAlgorithmName.SHA256));
        MessageWebSocketException otherPin = await ConnectFailure.OfAsync(pinned, server.Uri);
        using MessageWebSocket distrusting = new();
        MessageWebSocketException untrusted = await ConnectFailure.OfAsync(distrusting, server.Uri);

        otherPin.Is(WebErrorStatus.CertificateIsInvalid, 0x80072F89, "none of the pinned SHA-256 hashes");
        untrusted.Is(WebErrorStatus.CertificateIsInvalid, 0x80072F0D);
        Assert.Equal([ChainValidationResult.IncompleteChain], distrusting.Information.ServerCertificateErrors);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task SslProtocols_allow_one_version_only(SslProtocols version)
    {
        SslProtocols other = version == SslProtocols.Tls12 ? SslProtocols.Tls13 : SslProtocols.Tls12;
        await using RawServer both = Secure(certificates.Server);
        await using RawServer otherOnly = Secure(certificates.Server, other);
        using MessageWebSocket socket = Trusting();
        socket.Control.SslProtocols = version;

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, otherOnly.Uri);
        await socket.ConnectAsync(both.Uri, TestContext.Current.CancellationToken);

        failure.Is(WebErrorStatus.CannotConnect, 0x80072F7D, "The TLS handshake with", "common TLS version");
        Assert.Equal(version, socket.Information.TlsProtocol);
    }

    [Theory]
    [InlineData("plain-http-on-wss-port", WebErrorStatus.CannotConnect, 0x80072F7Du)]
    [InlineData("tls-handshake-garbage", WebErrorStatus.CannotConnect, 0x80072F7Du)]
    [InlineData("tls-handshake-closes", WebErrorStatus.CannotConnect, 0x80072F7Du)]
    [InlineData("tls-handshake-resets", WebErrorStatus.ConnectionReset, 0x80072EFFu)]
    public async Task ConnectAsync_tells_a_TLS_handshake_that_fails(string fault, WebErrorStatus status, uint hresult)
    {
        await using FaultServer server = FaultServer.Start(Faults.Named(fault), certificates);
        using MessageWebSocket socket = new();

        // The port may be that of an earlier server of this process.
        ResumableServers.Remove(server.Uri);

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(status, hresult, "TLS handshake", "try ws://", server.Uri.Authority);
        Assert.Null(socket.Information.ServerCertificate);
        Assert.Single(server.Raw!.Connections);
    }

    [Fact]
    public async Task ConnectAsync_that_fails_where_a_session_may_be_resumed_is_tried_once_more_without()
    {
        await using FaultServer server = FaultServer.Start(Faults.Named("plain-http-on-wss-port"), certificates);
        using MessageWebSocket socket = new();
        ResumableServers.Add(server.Uri);

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.CannotConnect, 0x80072F7D, "TLS handshake");
        Assert.Equal(2, server.Raw!.Connections.Count);
        Assert.False(ResumableServers.Contains(server.Uri));
    }

    [Fact]
    public async Task ConnectAsync_tells_a_server_that_speaks_TLS_on_the_ws_port()
    {
        await using FaultServer server = FaultServer.Start(Faults.Named("tls-on-ws-port"), certificates);
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        Assert.True(
            failure.Status is WebErrorStatus.ErrorHttpInvalidServerResponse or WebErrorStatus.ConnectionAborted
                or WebErrorStatus.ConnectionReset,
            $"{failure.Status}: {failure.Message}");
    }

    [Fact]
    public async Task ConnectTimeout_ends_a_TLS_handshake_that_stalls_and_closes_the_connection()
    {
        await using FaultServer server = FaultServer.Start(Faults.Named("tls-handshake-stalls"), certificates);
        using MessageWebSocket socket = new();
        socket.Control.ConnectTimeout = TimeSpan.FromMilliseconds(300);

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.Timeout, 0x80072EE2, "no WebSocket within 0.3 s");

        // Sooner than the 5 s for which the framework goes on with a connection it was told to give up.
        await server.Raw!.WhenIdleAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(4));
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task ClientCertificate_is_presented_to_a_server_that_asks(SslProtocols version)
    {
        string? presented = null;
        await using RawServer server = Asking(
            certificates.Roots, version, connection => presented = connection.Tls!.RemoteCertificate!.Subject);
        using MessageWebSocket socket = Trusting();
        socket.Control.ClientCertificate = certificates.Client;

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Equal(certificates.Client.Subject, presented);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12, false)]
    [InlineData(SslProtocols.Tls13, false)]
    [InlineData(SslProtocols.Tls12, true)]
    [InlineData(SslProtocols.Tls13, true)]
    public async Task ClientCertificate_that_is_missing_is_told_as_such(SslProtocols version, bool didNotAskBefore)
    {
        await using RawServer server = Asking(certificates.Roots, version);
        RememberThatItDidNotAsk(server.Uri, didNotAskBefore);
        using MessageWebSocket socket = Trusting();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(
            WebErrorStatus.CannotConnect,
            0x80072F7D,
            "TLS handshake with",
            "asks for a client certificate: give it as ClientCertificate");
        Assert.Equal(certificates.Server.Leaf.Thumbprint, socket.Information.ServerCertificate?.Thumbprint);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task ClientCertificate_that_the_server_refuses_is_told_as_such(SslProtocols version)
    {
        await using RawServer server = Asking(certificates.Roots, version);
        using MessageWebSocket socket = Trusting();
        socket.Control.ClientCertificate = certificates.WrongClient;

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.CannotConnect, 0x80072F7D, "does it accept the one it was given?");
    }

    [Theory]
    [InlineData("client-certificate-missing-closes", false)]
    [InlineData("client-certificate-missing-resets", false)]
    [InlineData("client-certificate-missing-closes", true)]
    [InlineData("client-certificate-missing-resets", true)]
    public async Task ClientCertificate_is_named_where_a_server_that_asks_for_one_hangs_up_without_a_word(
        string fault, bool didNotAskBefore)
    {
        await using FaultServer server = FaultServer.Start(Faults.Named(fault), certificates);
        RememberThatItDidNotAsk(server.Uri, didNotAskBefore);
        using MessageWebSocket socket = Trusting();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.CannotConnect, 0x80072F7D, "asks for a client certificate: give it as ClientCertificate");
    }

    [Fact]
    public async Task A_server_that_answers_in_TLS_is_told_from_one_that_answers_nonsense()
    {
        await using FaultServer server = FaultServer.Start(Faults.Named("tls-on-ws-port"), certificates);
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.ErrorHttpInvalidServerResponse, 0x80072F78);
        Assert.EndsWith("a server that speaks TLS needs wss:// in place of ws://.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ClientCertificate_without_its_private_key_is_refused()
    {
        using MessageWebSocket socket = new();

        Assert.Throws<ArgumentException>(() => socket.Control.ClientCertificate = certificates.Root);
    }

    private static async Task AcceptAsync(RawConnection connection)
    {
        await connection.AcceptHandshakeAsync();
        await connection.SinkAsync();
    }

    private static RawServer Secure(ServerCertificate certificate, SslProtocols protocols = SslProtocols.None) =>
        RawServer.Start(AcceptAsync, new RawServerOptions { Tls = new RawTlsOptions(certificate) { Protocols = protocols } });

    private RawServer Asking(X509Certificate2Collection roots, SslProtocols version, Action<RawConnection>? look = null) => RawServer.Start(
        connection =>
        {
            look?.Invoke(connection);
            return AcceptAsync(connection);
        },
        new RawServerOptions
        {
            Tls = new RawTlsOptions(certificates.Server)
            {
                RequireClientCertificate = true,
                TrustedClientRoots = roots,
                Protocols = version,
            },
        });

    private MessageWebSocket Trusting()
    {
        MessageWebSocket socket = new();
        socket.Control.TrustedRoots = certificates.Roots;
        return socket;
    }

    private static void RememberThatItDidNotAsk(Uri uri, bool didNotAskBefore)
    {
        if (didNotAskBefore)
        {
            ResumableServers.Add(uri);
        }
    }

    private ServerCertificate Named(string name) => name switch
    {
        nameof(TestCertificates.Expired) => certificates.Expired,
        nameof(TestCertificates.NotYetValid) => certificates.NotYetValid,
        nameof(TestCertificates.WrongName) => certificates.WrongName,
        nameof(TestCertificates.WrongUsage) => certificates.WrongUsage,
        nameof(TestCertificates.SelfSigned) => certificates.SelfSigned,
        nameof(TestCertificates.UnknownAuthority) => certificates.UnknownAuthority,
        nameof(TestCertificates.IncompleteChain) => certificates.IncompleteChain,
        _ => throw new ArgumentException(name),
    };
}
