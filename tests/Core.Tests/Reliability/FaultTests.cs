using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Reliability;

/// <summary>Every fault of the catalogue by name: the right error in time, earlier messages first, and nothing left open.</summary>
public sealed class FaultTests(CertificatesFixture certificates) : IClassFixture<CertificatesFixture>
{
    public static TheoryData<string> Names => [.. Faults.All.Select(fault => fault.Name)];

    [Fact]
    public void The_table_has_every_fault_of_the_catalogue() =>
        Assert.Equal(Faults.All.Select(fault => fault.Name).Order(), FaultTable.Expectations.Keys.Order());

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_fault_ends_in_its_error_and_leaves_nothing_open(string name)
    {
        using UnobservedExceptions unobserved = new();
        await using FaultServer server = FaultServer.Start(Faults.Named(name), certificates.Value);
        MessageWebSocket socket = await FaultVisit.RunAsync(server, certificates.Value);

        Assert.True(socket.State is MessageWebSocketState.Closed or MessageWebSocketState.Aborted, $"It is {socket.State}.");
        await socket.Released.WaitAsync(FaultVisit.Patience);
        if (server.Raw is { } raw && FaultTable.Expectations[name].ServerSeesEnd)
        {
            await raw.WhenIdleAsync().WaitAsync(FaultVisit.Patience);
        }

        Assert.Empty(unobserved.Collect());
    }
}
