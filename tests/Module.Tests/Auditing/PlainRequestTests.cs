using MessageWebSockets.PowerShell.Auditing;
using MessageWebSockets.PowerShell.Auditing.Checks;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests.Auditing;

/// <summary>What an audit of a wss address says where everybody on the way may read it.</summary>
public sealed class PlainRequestTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    [Fact(Timeout = 120_000)]
    public async Task Nothing_that_may_be_secret_goes_without_TLS()
    {
        RawTlsOptions tls = new(certificates.Server) { GoesWithout = (_, _) => Task.FromResult(true) };
        await using RawServer server = RawServer.Start(
            async connection =>
            {
                await connection.ReadRequestAsync();
                await connection.SendResponseAsync(404, "");
            },
            new RawServerOptions { Tls = tls });
        using MessageWebSocket socket = new();
        socket.Control.SupportedProtocols.Add("v1");
        socket.Control.SupportedProtocols.Add("bearer.s3cret");
        socket.SetRequestHeader("X-Tenant", "s3cret");
        socket.SetRequestHeader("Authorization", "Bearer s3cret");
        socket.SetRequestHeader("User-Agent", "audit");
        socket.SetRequestHeader("Origin", "https://app.example");
        Uri uri = new(new UriBuilder(server.Uri) { Scheme = "wss" }.Uri, "/live?access_token=s3cret");
        using AuditTarget target = new(uri, socket.ForHandshake(), Audits.Patient);

        Verdict verdict = await new PlainWs().RunAsync(target, TestContext.Current.CancellationToken);

        Assert.Equal(AuditResult.Passed, verdict.Result);
        RawRequest request = Assert.Single(server.Connections).Request!;
        Assert.Equal("/live", request.Target);
        Assert.Equal("v1", request.Headers["Sec-WebSocket-Protocol"]);
        Assert.Equal("audit", request.Headers["User-Agent"]);
        Assert.Equal("https://app.example", request.Headers["Origin"]);
        Assert.False(request.Headers.ContainsKey("Authorization"));
        Assert.False(request.Headers.ContainsKey("X-Tenant"));
    }
}
