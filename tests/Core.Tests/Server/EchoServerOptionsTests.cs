using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Xunit;

namespace MessageWebSockets.Tests.Server;

/// <summary>Which settings a server takes, what it makes of them, and the address that follows from them.</summary>
public sealed class EchoServerOptionsTests
{
    private static readonly TimeSpan s_longest = TimeSpan.FromMilliseconds(int.MaxValue);

    [Theory]
    [InlineData("no/slash")]
    [InlineData("/a?b")]
    [InlineData("/a#b")]
    public void Start_refuses_a_path_that_is_none(string path) =>
        Assert.Contains(
            $"'{path}' is no path",
            Assert.Throws<ArgumentException>(() => WebSocketEchoServer.Start(new WebSocketEchoServerOptions { Path = path })).Message,
            StringComparison.Ordinal);

    public static TheoryData<string, Action<WebSocketEchoServerOptions>> OutOfRange() => new()
    {
        { "Port", static options => options.Port = -1 },
        { "Port", static options => options.Port = 65_536 },
        { "MaxMessageSize", static options => options.MaxMessageSize = 0 },
        { "MaxMessageSize", static options => options.MaxMessageSize = int.MaxValue },
        { "MaxConnections", static options => options.MaxConnections = 0 },
        { "QueueLimit", static options => options.QueueLimit = 0 },
        { "HandshakeTimeout", static options => options.HandshakeTimeout = TimeSpan.Zero },
        { "HandshakeTimeout", static options => options.HandshakeTimeout = s_longest + TimeSpan.FromMilliseconds(1) },
        { "IdleTimeout", static options => options.IdleTimeout = TimeSpan.Zero },
        { "IdleTimeout", static options => options.IdleTimeout = TimeSpan.FromMilliseconds(-2) },
        { "SlowClientTimeout", static options => options.SlowClientTimeout = Timeout.InfiniteTimeSpan },
        { "SlowClientTimeout", static options => options.SlowClientTimeout = s_longest + TimeSpan.FromMilliseconds(1) },
    };

    [Theory]
    [MemberData(nameof(OutOfRange))]
    public void Start_refuses_settings_that_cannot_be(string name, Action<WebSocketEchoServerOptions> set)
    {
        WebSocketEchoServerOptions options = new();
        set(options);
        Assert.Equal(name, Assert.Throws<ArgumentOutOfRangeException>(() => WebSocketEchoServer.Start(options)).ParamName);
    }

    [Fact]
    public void Start_refuses_names_that_are_none()
    {
        Assert.Throws<ArgumentNullException>(() => WebSocketEchoServer.Start(null!));
        Assert.Throws<ArgumentNullException>(
            "Address", () => WebSocketEchoServer.Start(new WebSocketEchoServerOptions { Address = null! }));
        Assert.StartsWith("'a b' is no subprotocol name", Refusal(new() { SubProtocols = { "v1", "a b" } }), StringComparison.Ordinal);
        Assert.StartsWith("'' is no subprotocol name", Refusal(new() { SubProtocols = { null! } }), StringComparison.Ordinal);
        Assert.Equal("An allowed origin is null.", Refusal(new() { AllowedOrigins = { null! } }));
        Assert.StartsWith(
            "'x y' of AllowedOrigins is no origin", Refusal(new() { AllowedOrigins = { "*", "x y" } }), StringComparison.Ordinal);

        using X509Certificate2 named = Certificate("localhost");
        using X509Certificate2 half = X509CertificateLoader.LoadCertificate(named.RawData);
        Assert.Equal("The certificate CN=test has no private key, which a server needs.", Refusal(new() { Certificate = half }));
        named.Dispose();
        Assert.Equal("The certificate of the server was disposed of.", Refusal(new() { Certificate = named }));
    }

    [Fact]
    public async Task A_server_is_known_by_its_name_or_its_address()
    {
        await using WebSocketEchoServer named = WebSocketEchoServer.Start(new WebSocketEchoServerOptions { Name = "mine" });
        await using WebSocketEchoServer unnamed = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        Assert.Equal(("mine", unnamed.Uri.ToString()), ($"{named}", $"{unnamed}"));
    }

    [Fact]
    public void Settings_at_their_borders_are_taken_and_later_changes_have_no_effect()
    {
        using X509Certificate2 certificate = Certificate("localhost");
        WebSocketEchoHandler handler = static (_, _, _) => Task.CompletedTask;
        WebSocketEchoServerOptions options = new()
        {
            Name = null!,
            Address = IPAddress.IPv6Loopback,
            Port = 65_535,
            Path = "/b\u00fccher",
            Certificate = certificate,
            Broadcast = true,
            Handler = handler,
            MaxMessageSize = Array.MaxLength,
            MaxConnections = 1,
            HandshakeTimeout = Timeout.InfiniteTimeSpan,
            IdleTimeout = s_longest,
            SlowClientTimeout = TimeSpan.FromMilliseconds(1),
            QueueLimit = 1,
            SubProtocols = { "v1", "v2" },
            AllowedOrigins = { "null", "HTTPS://Good.Example:443/" },
            Compression = new WebSocketDeflateOptions
            {
                ClientMaxWindowBits = 10,
                ServerMaxWindowBits = 11,
                ClientContextTakeover = false,
                ServerContextTakeover = false,
            },
        };

        WebSocketEchoServerOptions copy = options.Checked();
        options.SubProtocols.Clear();
        options.AllowedOrigins.Clear();
        options.Compression.ClientMaxWindowBits = 15;

        Assert.Equal(("", IPAddress.IPv6Loopback, 65_535, "/b%C3%BCcher"), (copy.Name, copy.Address, copy.Port, copy.Path));
        Assert.Equal((certificate, true, handler), (copy.Certificate, copy.Broadcast, copy.Handler));
        Assert.Equal((Array.MaxLength, 1, 1L), (copy.MaxMessageSize, copy.MaxConnections, copy.QueueLimit));
        Assert.Equal(
            (Timeout.InfiniteTimeSpan, s_longest, TimeSpan.FromMilliseconds(1)),
            (copy.HandshakeTimeout, copy.IdleTimeout, copy.SlowClientTimeout));
        Assert.Equal(["v1", "v2"], copy.SubProtocols);
        Assert.Equal(["null", "https://good.example"], copy.AllowedOrigins);
        Assert.Equal((10, 11), (copy.Compression!.ClientMaxWindowBits, copy.Compression.ServerMaxWindowBits));
        Assert.Equal((false, false), (copy.Compression.ClientContextTakeover, copy.Compression.ServerContextTakeover));

        WebSocketEchoServerOptions plain = new WebSocketEchoServerOptions { Name = "n", MaxMessageSize = 1, Port = 0 }.Checked();
        Assert.Equal(("n", 1, (string?)null, null), (plain.Name, plain.MaxMessageSize, plain.Path, plain.Compression));
        Assert.Equal((false, null), (plain.Broadcast, plain.Handler));
    }

    [Theory]
    [InlineData("127.0.0.1", null, null, "ws://127.0.0.1:81/")]
    [InlineData("127.0.0.1", "/p", null, "ws://127.0.0.1:81/p")]
    [InlineData("::1", null, null, "ws://[::1]:81/")]
    [InlineData("0.0.0.0", null, null, "ws://*:81/")]
    [InlineData("::", null, null, "ws://*:81/")]
    [InlineData("127.0.0.1", null, "localhost", "wss://localhost:81/")]
    [InlineData("::1", null, "localhost", "wss://localhost:81/")]
    [InlineData("127.0.0.1", null, "127.0.0.1", "wss://127.0.0.1:81/")]
    [InlineData("127.0.0.1", null, "other.example", "wss://127.0.0.1:81/")]
    [InlineData("192.0.2.1", null, "localhost", "wss://192.0.2.1:81/")]
    public void The_address_is_one_that_clients_can_connect_to(string address, string? path, string? name, string expected)
    {
        using X509Certificate2? certificate = name is null ? null : Certificate(name);
        WebSocketEchoServerOptions options = new() { Address = IPAddress.Parse(address), Path = path, Certificate = certificate };
        Uri uri = new(expected.Replace("*", Dns.GetHostName(), StringComparison.Ordinal));
        Assert.Equal(uri, WebSocketEchoServer.AddressOf(options, 81));
    }

    [Fact]
    public void A_certificate_whose_names_cannot_be_read_is_good_for_no_name()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509Extension("2.5.29.17", [0x30, 0x05, 0x82], critical: false));
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        WebSocketEchoServerOptions options = new() { Certificate = certificate };
        Assert.Equal(new Uri("wss://127.0.0.1:81/"), WebSocketEchoServer.AddressOf(options, 81));
    }

    private static string Refusal(WebSocketEchoServerOptions options) =>
        Assert.Throws<ArgumentException>(() => WebSocketEchoServer.Start(options)).Message;

    private static X509Certificate2 Certificate(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=test", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        if (IPAddress.TryParse(name, out IPAddress? address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(name);
        }

        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
