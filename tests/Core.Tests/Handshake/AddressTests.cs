using System.Net;
using System.Net.Sockets;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

public sealed class AddressTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    [Theory]
    [InlineData("http://127.0.0.1/", "http:")]
    [InlineData("https://127.0.0.1/", "https:")]
    [InlineData("file:///tmp/x", "file:")]
    [InlineData("ws://user@127.0.0.1/", "credential")]
    [InlineData("ws://user:s3cret@127.0.0.1/", "credential")]
    [InlineData("ws://127.0.0.1/#part", "fragment")]
    [InlineData("ws://127.0.0.1/#", "fragment")]
    [InlineData("ws://127.0.0.1:0/", "Port 0")]
    public async Task ConnectAsync_refuses_an_address_before_any_input_or_output(string address, string why)
    {
        using MessageWebSocket socket = new();

        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(() => socket.ConnectAsync(new Uri(address)));

        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", refused.Message, StringComparison.Ordinal);
        Assert.Equal(MessageWebSocketState.Created, socket.State);
        Assert.Null(socket.Information.ConnectTimings);
    }

    [Fact]
    public async Task ConnectAsync_refuses_a_relative_address_and_null()
    {
        using MessageWebSocket socket = new();

        ArgumentException relative = await Assert.ThrowsAsync<ArgumentException>(
            () => socket.ConnectAsync(new Uri("/chat", UriKind.Relative)));
        await Assert.ThrowsAsync<ArgumentNullException>(() => socket.ConnectAsync(null!));

        Assert.Contains("ws:// or wss://", relative.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConnectAsync_tells_a_refused_port()
    {
        await using FaultServer server = FaultServer.Start(Faults.Named("refused-port"));
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.CannotConnect, 0x80072EFD, "connection refused", server.Uri.Authority, "Is the server running");
        Assert.Null(socket.Information.LocalAddress);
        Assert.Null(socket.Information.HandshakeStatusCode);
        Assert.Null(socket.Information.ConnectTimings!.Tcp);
    }

    [Fact]
    public async Task ConnectAsync_tells_an_unknown_name()
    {
        await using FaultServer server = FaultServer.Start(Faults.Named("unresolvable-name"));
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.HostNameNotResolved, 0x80072EE7, "the name no-such-host.invalid is not known");
        Assert.NotNull(socket.Information.ConnectTimings!.NameResolution);
    }

    [Fact]
    public async Task ConnectAsync_sends_an_IDN_host_as_punycode()
    {
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await Assert.ThrowsAsync<MessageWebSocketException>(
            () => socket.ConnectAsync(new Uri("ws://bücher.invalid/"), TestContext.Current.CancellationToken));

        failure.Is(WebErrorStatus.HostNameNotResolved, 0x80072EE7, "xn--bcher-kva.invalid");
    }

    [Fact]
    public async Task ConnectAsync_sends_an_IDN_host_as_punycode_to_the_server()
    {
        await using HttpConnectProxy proxy = HttpConnectProxy.Start();
        using MessageWebSocket socket = new();
        socket.Control.Proxy = proxy.Uri;

        await Assert.ThrowsAsync<MessageWebSocketException>(
            () => socket.ConnectAsync(new Uri("ws://bücher.invalid:8080/"), TestContext.Current.CancellationToken));

        Assert.Equal(["xn--bcher-kva.invalid:8080"], proxy.Targets);
    }

    [Theory]
    [InlineData("[::1]", false)]
    [InlineData("[::1]", true)]
    public async Task ConnectAsync_takes_an_IPv6_literal(string host, bool tls)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6 && HasIPv6Loopback(), "This machine has no IPv6 loopback.");
        await using RawServer server = RawServer.Start(AcceptAsync, new RawServerOptions
        {
            Address = IPAddress.IPv6Loopback,
            Tls = tls ? new RawTlsOptions(certificates.Server) : null,
        });
        using MessageWebSocket socket = new();
        socket.Control.TrustedRoots = certificates.Roots;

        await socket.ConnectAsync(
            new Uri($"{(tls ? "wss" : "ws")}://{host}:{server.EndPoint.Port}/"), TestContext.Current.CancellationToken);

        Assert.Equal($"{host}:{server.EndPoint.Port}", server.Connections[0].Request!.Headers["Host"]);
        Assert.Equal(IPAddress.IPv6Loopback, socket.Information.RemoteAddress);
        Assert.Equal(IPAddress.IPv6Loopback, socket.Information.LocalAddress);
    }

    // What curl 8 connects to, but for names that System.Uri does not take.
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.1")]
    [InlineData("127.0.1")]
    [InlineData("0x7f000001")]
    [InlineData("2130706433")]
    [InlineData("0177.0.0.1")]
    [InlineData("017700000001")]
    [InlineData("127。0。0。1")]
    [InlineData("①27.0.0.1")]
    [InlineData("localhost.")]
    [InlineData("LOCALHOST")]
    [InlineData("foo.localhost")]
    [InlineData("a_b.localhost")]
    [InlineData("-a.localhost")]
    [InlineData("a-.localhost")]
    [InlineData("bücher.localhost")]
    [InlineData("0.0.0.0")]
    [InlineData("0")]
    public async Task ConnectAsync_takes_every_form_of_a_name(string host)
    {
        await using RawServer server = RawServer.Start(AcceptAsync);
        using MessageWebSocket socket = new();

        await socket.ConnectAsync(new Uri($"WS://{host}:{server.EndPoint.Port}"), TestContext.Current.CancellationToken);

        Assert.Equal("/", server.Connections[0].Request!.Target);
    }

    [Theory]
    [InlineData("[0:0:0:0:0:0:0:1]")]
    [InlineData("[::0.0.0.1]")]
    [InlineData("[::1%lo]")]
    [InlineData("[::1%25lo]")]
    [InlineData("[::1%1]")]
    [InlineData("[::1%251]")]
    public async Task ConnectAsync_takes_every_form_of_an_IPv6_literal(string host)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6 && HasIPv6Loopback(), "This machine has no IPv6 loopback.");
        await using RawServer server = RawServer.Start(AcceptAsync, new RawServerOptions { Address = IPAddress.IPv6Loopback });
        await using RawServer secure = RawServer.Start(
            AcceptAsync, new RawServerOptions { Address = IPAddress.IPv6Loopback, Tls = new RawTlsOptions(certificates.Server) });
        using MessageWebSocket socket = new();
        using MessageWebSocket secureSocket = new();
        secureSocket.Control.TrustedRoots = certificates.Roots;

        await socket.ConnectAsync(new Uri($"ws://{host}:{server.EndPoint.Port}/?x"), TestContext.Current.CancellationToken);
        await secureSocket.ConnectAsync(new Uri($"wss://{host}:{secure.EndPoint.Port}/"), TestContext.Current.CancellationToken);

        Assert.Equal("/?x", server.Connections[0].Request!.Target);

        // The zone is this machine's affair and leaves it in no header (RFC 6874 section 1).
        Assert.Equal($"[::1]:{server.EndPoint.Port}", server.Connections[0].Request!.Headers["Host"]);
    }

    [Theory]
    [InlineData("ws://[fe80::1%1]:9/")]
    [InlineData("ws://[fe80::1%251]:9/")]
    public async Task ConnectAsync_tells_an_IPv6_literal_with_its_scope(string address)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6 && HasIPv6Loopback(), "This machine has no IPv6 loopback.");
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await Assert.ThrowsAsync<MessageWebSocketException>(
            () => socket.ConnectAsync(new Uri(address), TestContext.Current.CancellationToken).WaitAsync(ConnectFailure.Patience));

        failure.Is(WebErrorStatus.CannotConnect, 0x80072EFD, "([fe80::1%1]:9)");
        Assert.DoesNotContain("proxy", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConnectAsync_goes_on_to_the_next_address_of_a_name()
    {
        // localhost has ::1 and 127.0.0.1 on most machines, in either order; only one of them listens here.
        await using RawServer server = RawServer.Start(AcceptAsync);
        using MessageWebSocket socket = new();

        await socket.ConnectAsync(new Uri($"ws://localhost:{server.EndPoint.Port}/"), TestContext.Current.CancellationToken);

        Assert.Equal(IPAddress.Loopback, socket.Information.RemoteAddress);
        Assert.NotNull(socket.Information.ConnectTimings!.NameResolution);
    }

    [Fact]
    public async Task UnixSocketPath_is_connected_to_in_place_of_the_host()
    {
        string path = Path.Combine(Path.GetTempPath(), $"ws-{Guid.NewGuid():N}.sock");
        await using TestWebSocketServer server = await TestWebSocketServer.StartAsync(new TestServerOptions { UnixSocketPath = path });
        using MessageWebSocket socket = new();
        socket.Control.UnixSocketPath = path;
        socket.Control.Proxy = new Uri("http://127.0.0.1:9/");

        await socket.ConnectAsync(new Uri("ws://name-in-host-header.invalid/headers"), TestContext.Current.CancellationToken);

        Assert.Contains(
            "\"Host\":\"name-in-host-header.invalid\"",
            (await socket.ReceiveAsync(TestContext.Current.CancellationToken))!.Text,
            StringComparison.Ordinal);
        Assert.Null(socket.Information.LocalAddress);
        Assert.Null(socket.Information.RemoteAddress);
        Assert.Null(socket.Information.ConnectTimings!.NameResolution);
        Assert.NotNull(socket.Information.ConnectTimings.Tcp);
    }

    [Theory]
    [InlineData("missing", "no such file. Is the path right")]
    [InlineData("missing/folder", "no such file. Is the path right")]
    [InlineData("far-too-long", "too long")]
    [InlineData("folder", "that is a folder")]
    [InlineData("left", "connection refused. The file is there")]
    [InlineData("file", "")]
    public async Task UnixSocketPath_that_nobody_listens_at_is_told_with_the_path(string name, string what)
    {
        string root = Directory.CreateTempSubdirectory("ws-").FullName;
        string path = Path.Combine(root, name == "far-too-long" ? new string('x', 300) : name);
        switch (name)
        {
            case "folder":
                Directory.CreateDirectory(path);
                break;
            case "file":
                File.WriteAllText(path, "");
                break;
            case "left":
                using (Socket left = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
                {
                    left.Bind(new UnixDomainSocketEndPoint(path));

                    // Disposing it would take the file along.
                    File.Move(path, path + ".kept");
                }

                File.Move(path + ".kept", path);
                break;
        }

        using MessageWebSocket socket = new();
        socket.Control.UnixSocketPath = path;

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, new Uri("ws://localhost/"));

        failure.Is(WebErrorStatus.CannotConnect, 0x80072EFD, path, what);
        Assert.DoesNotContain("address", failure.Message, StringComparison.Ordinal);
        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public async Task OutboundBufferSizeInBytes_does_not_keep_a_connect_from_working()
    {
        await using RawServer server = RawServer.Start(AcceptAsync);
        using MessageWebSocket socket = new();
        socket.Control.OutboundBufferSizeInBytes = uint.MaxValue;

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Equal(MessageWebSocketState.Open, socket.State);
    }

    private static bool HasIPv6Loopback()
    {
        try
        {
            using Socket socket = new(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task AcceptAsync(RawConnection connection)
    {
        await connection.AcceptHandshakeAsync();
        await connection.SinkAsync();
    }
}
