using System.Net;
using System.Net.Sockets;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

public sealed class AddressRaceTests
{
    [SocketFact]
    public async Task An_address_that_refuses_is_followed_by_the_next()
    {
        using Socket listener = Listen(IPAddress.Loopback);
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;

        (Socket socket, IPEndPoint endPoint) = await Race(port, IPAddress.Parse("127.0.0.2"), IPAddress.Loopback).RunAsync(default);

        socket.Dispose();
        Assert.Equal(IPAddress.Loopback, endPoint.Address);
    }

    [SocketFact]
    public async Task An_address_that_says_nothing_does_not_keep_the_next_from_winning()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A full backlog swallows connects on Linux; others refuse them.");
        using Socket listener = Listen(IPAddress.Loopback);
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        using SilentAddress silent = await SilentAddress.CreateAsync(IPAddress.Parse("127.0.0.2"), port);

        // Alone it would wait for a minute or two.
        (Socket socket, IPEndPoint endPoint) = await Race(port, silent.Address, IPAddress.Loopback).RunAsync(default);

        socket.Dispose();
        Assert.Equal(IPAddress.Loopback, endPoint.Address);
        using Socket accepted = await listener.AcceptAsync();
        Assert.Equal(0, await accepted.ReceiveAsync(new byte[1]));
    }

    [SocketFact]
    public async Task Addresses_that_all_refuse_end_in_the_error_of_the_last()
    {
        using Socket bound = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        bound.Bind(new IPEndPoint(IPAddress.Any, 0));
        int port = ((IPEndPoint)bound.LocalEndPoint!).Port;

        SocketException failure = await Assert.ThrowsAsync<SocketException>(
            () => Race(port, IPAddress.Parse("127.0.0.2"), IPAddress.Parse("127.0.0.3"), IPAddress.Loopback).RunAsync(default));

        Assert.Equal(SocketError.ConnectionRefused, failure.SocketErrorCode);
    }

    [SocketFact]
    public async Task A_cancelled_race_ends_every_attempt()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A full backlog swallows connects on Linux; others refuse them.");
        using SilentAddress silent = await SilentAddress.CreateAsync(IPAddress.Parse("127.0.0.2"), 0);
        using CancellationTokenSource cancellation = new();
        List<Socket> sockets = [];
        AddressRace race = new([silent.Address, silent.Address], silent.Port, sockets.Add);

        Task running = race.RunAsync(cancellation.Token);
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.All(sockets, socket => Assert.True(socket.SafeHandle.IsClosed));
    }

    [SocketFact]
    public async Task Families_take_turns()
    {
        List<AddressFamily> tried = [];
        AddressRace race = new(
            [IPAddress.Parse("127.0.0.2"), IPAddress.Parse("127.0.0.3"), IPAddress.IPv6Loopback],
            1,
            socket => tried.Add(socket.AddressFamily));

        await Assert.ThrowsAsync<SocketException>(() => race.RunAsync(default));

        Assert.Equal([AddressFamily.InterNetwork, AddressFamily.InterNetworkV6, AddressFamily.InterNetwork], tried);
    }

    private static AddressRace Race(int port, params IPAddress[] addresses) => new(addresses, port, _ => { });

    private static Socket Listen(IPAddress address)
    {
        Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(address, 0));
        listener.Listen();
        return listener;
    }

    /// <summary>An address whose backlog is full: it answers no further connect, and refuses none either.</summary>
    private sealed class SilentAddress : IDisposable
    {
        private readonly Socket _listener;
        private Socket? _filler;

        private SilentAddress(Socket listener) => _listener = listener;

        public IPAddress Address => ((IPEndPoint)_listener.LocalEndPoint!).Address;

        public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

        public static async Task<SilentAddress> CreateAsync(IPAddress address, int port)
        {
            Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(address, port));
            listener.Listen(0);
            SilentAddress silent = new(listener);

            // Linux takes one more than the backlog says.
            Socket filler = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            silent._filler = filler;
            await filler.ConnectAsync(listener.LocalEndPoint!);
            return silent;
        }

        public void Dispose()
        {
            _filler?.Dispose();
            _listener.Dispose();
        }
    }
}
