using MessageWebSockets.PowerShell.Auditing;
using MessageWebSockets.PowerShell.Auditing.Checks;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests.Auditing;

/// <summary>What an audit leaves out to see whether a server asks for it.</summary>
public sealed class CredentialsNeededTests
{
    private const int Limit = 120_000;

    [Theory(Timeout = Limit)]
    [InlineData("/?access_token=s3cret", new string[0], nameof(AuditResult.Failed))]
    [InlineData("/", new[] { "v1", "bearer.s3cret" }, nameof(AuditResult.Failed))]
    [InlineData("/", new[] { "access_token", "s3cret" }, nameof(AuditResult.Failed))]
    [InlineData("/?room=5", new[] { "v1" }, nameof(AuditResult.NotApplicable))]
    public async Task Tokens_in_the_query_and_in_subprotocols_are_credentials(string path, string[] protocols, string expected)
    {
        // It lets everybody in.
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());

        (AuditCheck Check, Verdict Verdict) result = Assert.Single(await Audits.RunAsync(
            new Uri(server.Uri, path), Audits.Patient, [new CredentialsNeeded()], socket => Add(socket, protocols)));

        Assert.True(expected == result.Verdict.Result.ToString(), Audits.Line(result));
        Assert.DoesNotContain("s3cret", result.Verdict.Evidence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/live", "/live")]
    [InlineData("/live?access_token=s3cret", "/live")]
    [InlineData("/live?room=5&access_token=s3cret&x=%2F", "/live?room=5&x=%2F")]
    [InlineData("/live?api_key=s3cret&room=5", "/live?room=5")]
    [InlineData("/live?v=eyJ0.eyJ1.s3cret", "/live")]
    [InlineData("/live?eyJ0.eyJ1.s3cret", "/live")]
    [InlineData("/live?q=Bearer+s3cret", "/live")]
    [InlineData("/live?token=&room=5", "/live?token=&room=5")]
    [InlineData("/live?token", "/live?token")]
    [InlineData("/live?author=me&room", "/live?author=me&room")]
    public void What_else_a_query_says_is_asked_for_without_credentials_too(string path, string expected)
    {
        using AuditTarget target = Target(path);

        Assert.Equal(path, target.Request().Target);
        Assert.Equal(expected, target.Request(withCredentials: false).Target);
        Assert.Equal(path != expected, target.HasCredentials);
    }

    [Theory]
    [InlineData(new[] { "v1", "bearer.s3cret", "v2" }, "v1, v2")]
    [InlineData(new[] { "access_token", "s3cret" }, null)]
    [InlineData(new[] { "v1" }, "v1")]
    public void Subprotocols_without_a_token_are_offered_without_credentials_too(string[] protocols, string? expected)
    {
        using AuditTarget target = Target("/", protocols);

        Assert.Equal(string.Join(", ", protocols), target.Request().ValueOf(AuditRequest.ProtocolHeader));
        Assert.Equal(expected, target.Request(withCredentials: false).ValueOf(AuditRequest.ProtocolHeader));
        Assert.Equal(protocols.Length > 1, target.HasCredentials);
    }

    private static AuditTarget Target(string path, params string[] protocols)
    {
        using MessageWebSocket socket = new();
        Add(socket, protocols);
        return new AuditTarget(new Uri("wss://host.example" + path), socket.ForHandshake(), Audits.Patient);
    }

    private static void Add(MessageWebSocket socket, string[] protocols)
    {
        foreach (string protocol in protocols)
        {
            socket.Control.SupportedProtocols.Add(protocol);
        }
    }
}
