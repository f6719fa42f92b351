using System.Globalization;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Reliability;

/// <summary>Every fault of the catalogue by name: the right error in time, earlier messages first, and nothing left open.</summary>
public sealed class FaultTests(CertificatesFixture certificates) : IClassFixture<CertificatesFixture>
{
    // FAULT_REPEATS=50 in the environment runs it longer.
    private static readonly int Repeats =
        Environment.GetEnvironmentVariable("FAULT_REPEATS") is { } count ? int.Parse(count, CultureInfo.InvariantCulture) : 5;

    public static TheoryData<string> Names => [.. Faults.All.Select(fault => fault.Name)];

    [Fact]
    public void The_table_has_every_fault_of_the_catalogue() =>
        Assert.Equal(Faults.All.Select(fault => fault.Name).Order(), FaultTable.Expectations.Keys.Order());

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_fault_ends_in_its_error_and_leaves_nothing_open(string name)
    {
        using UnobservedExceptions unobserved = new();
        await MeetAsync(name);
        Assert.Empty(unobserved.Collect());
    }

    [Theory]
    [InlineData("closes-at-once")]
    [InlineData("client-certificate-missing")]
    [InlineData("client-certificate-missing-closes")]
    [InlineData("client-certificate-missing-resets")]
    [InlineData("client-certificate-missing-tls12")]
    [InlineData("client-certificate-wrong")]
    [InlineData("tls-handshake-resets")]
    [InlineData("tls-on-ws-port")]
    [InlineData("tls-on-ws-port-closes")]
    [InlineData("reset-on-accept")]
    [InlineData("reset-after-request")]
    [InlineData("reset-after-upgrade")]
    [InlineData("reset-while-client-sends")]
    [InlineData("closes-while-client-sends")]
    [InlineData("stalls-mid-frame")]
    public async Task A_fault_has_the_same_status_whichever_operation_the_system_tells_first(string name)
    {
        for (int i = 0; i < Repeats; i++)
        {
            await MeetAsync(name);
        }
    }

    private async Task MeetAsync(string name)
    {
        await using FaultServer server = FaultServer.Start(Faults.Named(name), certificates.Value);
        MessageWebSocket socket = await FaultVisit.RunAsync(server, certificates.Value);

        Assert.True(socket.State is MessageWebSocketState.Closed or MessageWebSocketState.Aborted, $"It is {socket.State}.");
        await socket.Released.WaitAsync(FaultVisit.Patience);
        if (server.Raw is not { } raw)
        {
            return;
        }

        if (FaultTable.Expectations[name].ServerHoldsStill)
        {
            // What the client sent and then its end: the script does not read them.
            await Task.WhenAll(raw.Connections.Select(connection => connection.DrainBytesAsync())).WaitAsync(FaultVisit.Patience);
        }
        else
        {
            await raw.WhenIdleAsync().WaitAsync(FaultVisit.Patience);
        }
    }
}
