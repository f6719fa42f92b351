using MessageWebSockets.PowerShell.Auditing;
using MessageWebSockets.PowerShell.Auditing.Checks;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests.Auditing;

/// <summary>A server that is right is found fault with by no check.</summary>
public sealed class RightServerTests
{
    [Theory(Timeout = 120_000)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_right_server_passes_every_check(bool isSecure, bool wantsCredentials)
    {
        await using TestCertificates certificates = new();
        Mistake? right = wantsCredentials ? new Mistake("none", "none") { WantsCredentials = true } : null;
        RawServerOptions options = new() { Tls = isSecure ? new RawTlsOptions(certificates.Server) : null };
        await using RawServer server = RawServer.Start(MannersServer.Script(right), options);
        IReadOnlyList<(AuditCheck Check, Verdict Verdict)> results =
            await Audits.RunAsync(server.Uri, Audits.Patient, AuditChecks.All, socket =>
            {
                socket.Control.TrustedRoots = [certificates.Root];
                if (wantsCredentials)
                {
                    socket.SetRequestHeader("Authorization", MannersServer.Authorization);
                }
            });
        Assert.All(
            results,
            static result => Assert.True(result.Verdict.Result is AuditResult.Passed or AuditResult.NotApplicable, Audits.Line(result)));
        Assert.Equal(isSecure, results.Single(static result => result.Check is TlsFloor).Verdict.Result == AuditResult.Passed);
        Assert.Equal(
            wantsCredentials, results.Single(static result => result.Check is CredentialsNeeded).Verdict.Result == AuditResult.Passed);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_server_that_hangs_up_is_found_fault_with_by_no_check_and_each_says_on_what()
    {
        await using RawServer server = RawServer.Start(MannersServer.RightOnce(async connection =>
        {
            await connection.ReadRequestAsync();
            connection.ShutdownSend();
            await connection.DrainBytesAsync();
        }));
        IReadOnlyList<(AuditCheck Check, Verdict Verdict)> results = await Audits.RunAsync(server.Uri, Audits.Patient, AuditChecks.All);
        Assert.DoesNotContain(results, Audits.IsConcern);
        Assert.True(results.Count(static result => result.Verdict.Result == AuditResult.Inconclusive) > 30);
        Assert.All(
            results,
            static result =>
                Assert.False(result.Verdict.Evidence.StartsWith("the server ended", StringComparison.Ordinal), Audits.Line(result)));
    }
}
