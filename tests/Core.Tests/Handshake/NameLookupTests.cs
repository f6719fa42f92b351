using System.Net;
using System.Net.Sockets;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

public sealed class NameLookupTests
{
    [Fact]
    public async Task Many_that_ask_for_one_name_at_once_all_get_its_addresses()
    {
        IPAddress[][] answers = await Task.WhenAll(
            Enumerable.Range(0, 200).Select(_ => NameLookup.FindAsync("localhost", TestContext.Current.CancellationToken)));

        Assert.All(answers, addresses => Assert.All(addresses, address => Assert.True(IPAddress.IsLoopback(address))));
        Assert.All(answers, Assert.NotEmpty);
    }

    [Fact]
    public async Task One_that_stops_waiting_does_not_end_the_lookup_of_others()
    {
        using CancellationTokenSource impatient = new();
        Task<IPAddress[]> left = NameLookup.FindAsync("localhost", impatient.Token);
        Task<IPAddress[]> stays = NameLookup.FindAsync("LOCALHOST", TestContext.Current.CancellationToken);

        await impatient.CancelAsync();

        Assert.NotEmpty(await stays);

        // The answer may have been there before the cancellation.
        try
        {
            Assert.NotEmpty(await left);
        }
        catch (OperationCanceledException e)
        {
            Assert.Equal(impatient.Token, e.CancellationToken);
        }
    }

    [Fact]
    public async Task A_name_that_failed_is_asked_for_again()
    {
        for (int attempt = 0; attempt < 2; attempt++)
        {
            SocketException[] failures = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Assert.ThrowsAnyAsync<SocketException>(
                () => NameLookup.FindAsync("no-such-host.invalid", TestContext.Current.CancellationToken))));

            Assert.Equal(20, failures.Length);
        }
    }

    [Fact]
    public async Task A_hundred_connects_to_an_unknown_host_all_tell_so()
    {
        MessageWebSocketException[] failures = await Task.WhenAll(Enumerable.Range(0, 100).Select(async _ =>
        {
            using MessageWebSocket socket = new();
            return await ConnectFailure.OfAsync(socket, new Uri("ws://no-such-host.invalid/"));
        }));

        Assert.All(failures, failure => Assert.Equal(WebErrorStatus.HostNameNotResolved, failure.Status));
    }

    [Fact]
    public async Task A_hundred_connects_to_one_host_by_its_name_all_open()
    {
        await using TestWebSocketServer server = await TestWebSocketServer.StartAsync();
        Uri uri = new($"ws://localhost:{server.Uri.Port}/echo");

        await Task.WhenAll(Enumerable.Range(0, 100).Select(async _ =>
        {
            using MessageWebSocket socket = new();
            await socket.ConnectAsync(uri, TestContext.Current.CancellationToken);
            Assert.NotNull(socket.Information.ConnectTimings!.NameResolution);
        }));
    }
}
