using MessageWebSockets.PowerShell.Auditing;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests.Auditing;

/// <summary>An audit whose address redirects to another origin.</summary>
public sealed class RedirectedAuditTests
{
    [Fact(Timeout = 120_000)]
    public async Task A_subprotocol_that_carries_a_token_is_not_offered_there()
    {
        await using RawServer other = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.SinkAsync();
        });
        await using RawServer first = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendResponseAsync(302, "", ("Location", other.Uri.AbsoluteUri));
        });
        using MessageWebSocket socket = new();
        socket.Control.MaximumRedirection = 1;
        socket.Control.SupportedProtocols.Add("bearer.s3cret");
        socket.Control.SupportedProtocols.Add("v1");
        using AuditTarget target = new(first.Uri, socket.ForHandshake(), Audits.Patient);

        await target.ReachAsync(TestContext.Current.CancellationToken);

        Assert.Equal("bearer.s3cret, v1", first.Connections[0].Request!.Headers["Sec-WebSocket-Protocol"]);
        Assert.Equal("v1", other.Connections[0].Request!.Headers["Sec-WebSocket-Protocol"]);
        Assert.Equal(["v1"], target.Settings.Protocols);
    }
}
