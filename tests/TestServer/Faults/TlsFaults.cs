using System.Security.Authentication;

namespace MessageWebSockets.TestServer;

/// <summary>What can go wrong with TLS. Where the handshake passes nevertheless, the server accepts and echoes nothing.</summary>
internal static class TlsFaults
{
    // A fatal alert, unexpected_message, in its record (RFC 8446 sections 5.1 and 6.2).
    private static readonly byte[] s_unexpectedMessage = [21, 3, 1, 0, 2, 2, 10];

    public static IEnumerable<Fault> List() =>
    [
        Certificate("certificate-expired", "ended yesterday", certificates => certificates.Expired),
        Certificate("certificate-not-yet-valid", "begins tomorrow", certificates => certificates.NotYetValid),
        Certificate("certificate-wrong-name", "is for elsewhere.example", certificates => certificates.WrongName),
        Certificate("certificate-wrong-usage", "is for clients only", certificates => certificates.WrongUsage),
        Certificate("certificate-self-signed", "is its own issuer", certificates => certificates.SelfSigned),
        Certificate("certificate-unknown-ca", "comes from another root", certificates => certificates.UnknownAuthority),
        Certificate("certificate-missing-intermediate", "comes without its intermediate", certificates => certificates.IncompleteChain),
        Certificate("certificate-revoked", "is on its issuer's revocation list", certificates => certificates.Revoked),
        Certificate(
            "certificate-revocation-offline",
            "names a revocation list nobody serves",
            certificates => certificates.RevocationOffline),
        Secure(
            "client-certificate-missing",
            "asks for a client certificate and fails the handshake without one",
            AcceptAndSinkAsync,
            RequireClientCertificate),
        Secure(
            "client-certificate-missing-closes",
            "asks for a client certificate and, without one, ends the connection without an alert",
            CloseWithoutAlertAsync,
            AskForClientCertificate),
        Secure(
            "client-certificate-missing-resets",
            "asks for a client certificate and, without one, resets the connection",
            ResetAsync,
            AskForClientCertificate),
        Secure(
            "client-certificate-wrong",
            "wants a client certificate of another root than the client's",
            AcceptAndSinkAsync,
            certificates => RequireClientCertificate(certificates) with { TrustedClientRoots = [certificates.OtherRoot] }),
        Secure(
            "client-certificate-missing-tls12",
            "as client-certificate-missing, in TLS 1.2, which tells at once",
            AcceptAndSinkAsync,
            certificates => RequireClientCertificate(certificates) with { Protocols = SslProtocols.Tls12 }),
        Plain("plain-http-on-wss-port", "answers the ClientHello with an HTTP 400", PlainHttpAsync),
        Plain("tls-handshake-stalls", "reads the ClientHello and never answers", connection => connection.DrainBytesAsync()),
        Plain("tls-handshake-closes", "reads the ClientHello and closes", ReadSomeAsync),
        Plain("tls-handshake-resets", "reads the ClientHello and resets", ResetAsync),
        Plain("tls-handshake-garbage", "answers the ClientHello with bytes that are no TLS", GarbageAsync),
        new("tls-on-ws-port", FaultStage.Tls, "answers the HTTP request with the alert of a TLS server", TlsAlertAsync),
        Secure(
            "tls-on-ws-port-closes",
            "speaks TLS where the address says ws, and ends the connection when it finds no ClientHello",
            AcceptAndSinkAsync,
            certificates => new RawTlsOptions(certificates.Server)) with { Transport = FaultTransport.TlsUnderPlainUri },
    ];

    private static Fault Certificate(string name, string what, Func<TestCertificates, ServerCertificate> choose) =>
        Secure(name, $"the server's certificate {what}", AcceptAndSinkAsync, certificates => new RawTlsOptions(choose(certificates)));

    private static Fault Secure(
        string name, string description, Func<RawConnection, Task> script, Func<TestCertificates, RawTlsOptions> tls) =>
        new(name, FaultStage.Tls, description, script) { Transport = FaultTransport.Tls, Tls = tls };

    private static Fault Plain(string name, string description, Func<RawConnection, Task> script) =>
        new(name, FaultStage.Tls, description, script) { Transport = FaultTransport.PlainUnderSecureUri };

    private static RawTlsOptions RequireClientCertificate(TestCertificates certificates) =>
        new(certificates.Server) { RequireClientCertificate = true, TrustedClientRoots = certificates.Roots };

    private static RawTlsOptions AskForClientCertificate(TestCertificates certificates) =>
        new(certificates.Server) { AskForClientCertificate = true };

    private static async Task AcceptAndSinkAsync(RawConnection connection)
    {
        await FaultScript.BeginAsync(connection);
        await FaultScript.SinkUntilGoneAsync(connection);
    }

    private static async Task PlainHttpAsync(RawConnection connection)
    {
        await ReadSomeAsync(connection);
        await connection.SendResponseAsync(400, "Speak HTTP here.");
        await connection.DrainBytesAsync();
    }

    private static async Task ReadSomeAsync(RawConnection connection)
    {
        if (await connection.ReadBytesAsync(new byte[16 * 1024]) == 0)
        {
            throw new EndOfStreamException("The client ended the connection before its ClientHello.");
        }
    }

    private static async Task CloseWithoutAlertAsync(RawConnection connection)
    {
        await ReadSomeAsync(connection);
        connection.ShutdownSend();
        await connection.DrainBytesAsync();
    }

    private static async Task TlsAlertAsync(RawConnection connection)
    {
        await connection.ReadRequestAsync();
        await connection.SendBytesAsync(s_unexpectedMessage);
    }

    private static async Task ResetAsync(RawConnection connection)
    {
        await ReadSomeAsync(connection);
        connection.Reset();
    }

    private static async Task GarbageAsync(RawConnection connection)
    {
        await ReadSomeAsync(connection);
        await connection.SendBytesAsync("SSH-2.0-OpenSSH_9.2\r\n");
        await connection.DrainBytesAsync();
    }
}
