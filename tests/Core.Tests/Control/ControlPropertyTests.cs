using System.Net;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Control;

public sealed class ControlPropertyTests
{
    /// <summary>Each property that may only be set before a connect, with a value it takes.</summary>
    public static TheoryData<string, Action<MessageWebSocketControl>> BeforeConnectOnly => new()
    {
        { "MaxMessageSize", control => control.MaxMessageSize = 1 },
        { "ServerCredential", control => control.ServerCredential = new NetworkCredential("u", "p") },
        { "ProxyCredential", control => control.ProxyCredential = new NetworkCredential("u", "p") },
        { "ClientCertificate", control => control.ClientCertificate = null },
        { "IgnorableServerCertificateErrors", control => control.IgnorableServerCertificateErrors.Add(ChainValidationResult.Untrusted) },
        { "IgnorableServerCertificateErrors.Clear", control => control.IgnorableServerCertificateErrors.Clear() },
        { "DesiredUnsolicitedPongInterval", control => control.DesiredUnsolicitedPongInterval = TimeSpan.FromSeconds(1) },
        { "ReceiveMode", control => control.ReceiveMode = MessageWebSocketReceiveMode.PartialMessage },
        { "KeepAliveTimeout", control => control.KeepAliveTimeout = TimeSpan.FromSeconds(1) },
        { "ConnectTimeout", control => control.ConnectTimeout = TimeSpan.FromSeconds(1) },
        { "CloseTimeout", control => control.CloseTimeout = TimeSpan.FromSeconds(1) },
        { "Proxy", control => control.Proxy = new Uri("socks5://127.0.0.1:1080") },
        { "UseProxy", control => control.UseProxy = false },
        { "UnixSocketPath", control => control.UnixSocketPath = "/tmp/x" },
        { "Compression", control => control.Compression = new WebSocketDeflateOptions() },
        { "Cookies", control => control.Cookies = new CookieContainer() },
        { "InboxLimitInBytes", control => control.InboxLimitInBytes = 1 },
        { "InboxFullMode", control => control.InboxFullMode = InboxFullMode.DropOldest },
        { "MaximumRedirection", control => control.MaximumRedirection = 1 },
        { "SslProtocols", control => control.SslProtocols = SslProtocols.Tls12 },
        { "TrustedRoots", control => control.TrustedRoots = [] },
        { "RevocationMode", control => control.RevocationMode = X509RevocationMode.Online },
        { "PinnedCertificateSha256", control => control.PinnedCertificateSha256.Add(new string('0', 64)) },
        { "HttpVersion", control => control.HttpVersion = HttpVersion.Version20 },
        { "RequireSubProtocol", control => control.RequireSubProtocol = true },
        { "ConnectMessages", control => control.ConnectMessages.Add("hello") },
        { "HeartbeatMessage", control => control.HeartbeatMessage = "beat" },
        { "HeartbeatInterval", control => control.HeartbeatInterval = TimeSpan.FromSeconds(1) },
        { "AutoReplies", control => control.AutoReplies.Add(new AutoReply("2", "3")) },
        { "Ignore", control => control.Ignore.Add(new System.Text.RegularExpressions.Regex("x")) },
        { "RecordSeparator", control => control.RecordSeparator = "\n" },
        { "IdProperty", control => control.IdProperty = "d.requestId" },
        { "Dialect", control => control.Dialect = JsonRpcDialect.DevTools },
    };

    /// <summary>Each wrong value with the exception it gives.</summary>
    public static TheoryData<string, Type, Action<MessageWebSocketControl>> WrongValues => new()
    {
        { "MaxMessageSize 0", typeof(ArgumentOutOfRangeException), control => control.MaxMessageSize = 0 },
        { "MessageType undefined", typeof(ArgumentOutOfRangeException), control => control.MessageType = (SocketMessageType)9 },
        { "ReceiveMode undefined", typeof(ArgumentOutOfRangeException), control => control.ReceiveMode = (MessageWebSocketReceiveMode)9 },
        { "InboxFullMode undefined", typeof(ArgumentOutOfRangeException), control => control.InboxFullMode = (InboxFullMode)9 },
        { "RevocationMode undefined", typeof(ArgumentOutOfRangeException), control => control.RevocationMode = (X509RevocationMode)9 },
        { "UnixSocketPath empty", typeof(ArgumentException), control => control.UnixSocketPath = "" },
        { "InboxLimitInBytes 0", typeof(ArgumentOutOfRangeException), control => control.InboxLimitInBytes = 0 },
        { "MaximumRedirection -1", typeof(ArgumentOutOfRangeException), control => control.MaximumRedirection = -1 },
        { "MaximumRedirection 51", typeof(ArgumentOutOfRangeException), control => control.MaximumRedirection = 51 },
        {
            "KeepAliveTimeout negative",
            typeof(ArgumentOutOfRangeException),
            control => control.KeepAliveTimeout = TimeSpan.FromSeconds(-2)
        },
        { "ConnectTimeout negative", typeof(ArgumentOutOfRangeException), control => control.ConnectTimeout = TimeSpan.FromSeconds(-2) },
        { "CloseTimeout too long", typeof(ArgumentOutOfRangeException), control => control.CloseTimeout = TimeSpan.MaxValue },
        {
            "pong interval negative",
            typeof(ArgumentOutOfRangeException),
            control => control.DesiredUnsolicitedPongInterval = TimeSpan.FromTicks(-1)
        },
        { "Proxy of another scheme", typeof(ArgumentException), control => control.Proxy = new Uri("ftp://proxy/") },
        { "Proxy with a password", typeof(ArgumentException), control => control.Proxy = new Uri("http://u:p@proxy/") },
        {
            "ignoring Revoked",
            typeof(ArgumentException),
            control => control.IgnorableServerCertificateErrors.Add(ChainValidationResult.Revoked)
        },
        {
            "ignoring Success",
            typeof(ArgumentException),
            control => control.IgnorableServerCertificateErrors.Add(ChainValidationResult.Success)
        },
        { "pin too short", typeof(ArgumentException), control => control.PinnedCertificateSha256.Add("abc") },
        { "TLS 1.1", typeof(ArgumentException), control => control.SslProtocols = Enum.Parse<SslProtocols>("Tls11") },
        { "HTTP 3", typeof(ArgumentException), control => control.HttpVersion = HttpVersion.Version30 },
        { "ConnectMessages null", typeof(ArgumentNullException), control => control.ConnectMessages.Add(null!) },
        { "AutoReplies null", typeof(ArgumentNullException), control => control.AutoReplies.Add(null!) },
        { "Ignore null", typeof(ArgumentNullException), control => control.Ignore.Add(null!) },
        {
            "HeartbeatInterval negative",
            typeof(ArgumentOutOfRangeException),
            control => control.HeartbeatInterval = TimeSpan.FromSeconds(-2)
        },
        { "RecordSeparator empty", typeof(ArgumentException), control => control.RecordSeparator = "" },
        { "RecordSeparator of half a pair", typeof(ArgumentException), control => control.RecordSeparator = "\ud83d" },
        { "IdProperty empty", typeof(ArgumentException), control => control.IdProperty = "" },
        { "IdProperty with an empty name", typeof(ArgumentException), control => control.IdProperty = "d..id" },
        { "Dialect undefined", typeof(ArgumentOutOfRangeException), control => control.Dialect = (JsonRpcDialect)9 },
    };

    [Fact]
    public void A_connect_works_with_a_copy_of_the_settings()
    {
        using ECDsa key = ECDsa.Create();
        using X509Certificate2 root = new CertificateRequest("CN=root", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.Now, DateTimeOffset.Now.AddDays(1));
        MessageWebSocketControl control = new(new SocketState())
        {
            TrustedRoots = [],
            Compression = new WebSocketDeflateOptions { ClientMaxWindowBits = 10 },
        };
        RequestHeaders headers = new();
        headers.Set("X-Said", "before");

        HandshakeSettings settings = control.ForHandshake(headers, [], null);
        control.TrustedRoots.Add(root);
        control.Compression.ClientMaxWindowBits = 15;
        headers.Set("X-Said", "afterwards");

        Assert.Empty(settings.TrustedRoots!);
        Assert.Equal(10, settings.Compression!.ClientMaxWindowBits);
        Assert.Equal("before", Assert.Single(settings.RequestHeaders.Values).Value);
    }

    [Fact]
    public void Control_properties_have_the_documented_defaults()
    {
        using MessageWebSocket socket = new();
        MessageWebSocketControl control = socket.Control;

        Assert.Equal(SocketMessageType.Binary, control.MessageType);
        Assert.Empty(control.SupportedProtocols);
        Assert.Equal(uint.MaxValue, control.MaxMessageSize);
        Assert.Equal(0u, control.OutboundBufferSizeInBytes);
        Assert.Null(control.ServerCredential);
        Assert.Null(control.ProxyCredential);
        Assert.Null(control.ClientCertificate);
        Assert.Empty(control.IgnorableServerCertificateErrors);
        Assert.Equal(TimeSpan.FromSeconds(30), control.DesiredUnsolicitedPongInterval);
        Assert.Equal(TimeSpan.FromSeconds(30), control.ActualUnsolicitedPongInterval);
        Assert.Equal(MessageWebSocketReceiveMode.FullMessage, control.ReceiveMode);
        Assert.Equal(TimeSpan.FromSeconds(15), control.KeepAliveTimeout);
        Assert.Equal(TimeSpan.FromSeconds(30), control.ConnectTimeout);
        Assert.Equal(TimeSpan.FromSeconds(5), control.CloseTimeout);
        Assert.Null(control.Proxy);
        Assert.True(control.UseProxy);
        Assert.Null(control.UnixSocketPath);
        Assert.Null(control.Compression);
        Assert.Null(control.Cookies);
        Assert.Equal(64 * 1024 * 1024, control.InboxLimitInBytes);
        Assert.Equal(InboxFullMode.Wait, control.InboxFullMode);
        Assert.Equal(0, control.MaximumRedirection);
        Assert.Equal(SslProtocols.None, control.SslProtocols);
        Assert.Null(control.TrustedRoots);
        Assert.Equal(X509RevocationMode.NoCheck, control.RevocationMode);
        Assert.Empty(control.PinnedCertificateSha256);
        Assert.Equal(HttpVersion.Version11, control.HttpVersion);
        Assert.Null(control.FrameTrace);
        Assert.False(control.RequireSubProtocol);
        Assert.Empty(control.ConnectMessages);
        Assert.Null(control.HeartbeatMessage);
        Assert.Equal(TimeSpan.Zero, control.HeartbeatInterval);
        Assert.Empty(control.AutoReplies);
        Assert.Empty(control.Ignore);
        Assert.Null(control.RecordSeparator);
        Assert.Null(control.IdProperty);
        Assert.Equal(JsonRpcDialect.JsonRpc2, control.Dialect);
    }

    [SocketTheory]
    [MemberData(nameof(BeforeConnectOnly), DisableDiscoveryEnumeration = true)]
    public async Task Control_property_set_after_ConnectAsync_is_an_illegal_method_call(string name, Action<MessageWebSocketControl> set)
    {
        using MessageWebSocket before = new();
        set(before.Control);
        await using Dialogue dialogue = await Dialogue.OpenAsync();

        InvalidOperationException refused = Assert.Throws<InvalidOperationException>(() => set(dialogue.Socket.Control));

        Assert.True(refused.HResult == HResults.IllegalMethodCall, name);
        dialogue.Socket.Close();
        Assert.Throws<InvalidOperationException>(() => set(dialogue.Socket.Control));
    }

    [Theory]
    [MemberData(nameof(WrongValues), DisableDiscoveryEnumeration = true)]
    public void Control_property_refuses_a_wrong_value_and_keeps_its_own(string name, Type exception, Action<MessageWebSocketControl> set)
    {
        using MessageWebSocket socket = new();

        Assert.NotNull(name);
        Assert.IsType(exception, Record.Exception(() => set(socket.Control)));

        Control_properties_have_the_documented_defaults();
    }

    [SocketFact]
    public async Task MessageType_SupportedProtocols_and_OutboundBufferSizeInBytes_may_be_set_at_any_time()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();

        dialogue.Socket.Control.MessageType = SocketMessageType.Utf8;
        dialogue.Socket.Control.SupportedProtocols.Add("late");
        dialogue.Socket.Control.OutboundBufferSizeInBytes = 4096;

        Assert.Equal("", dialogue.Socket.Information.Protocol);
    }

    [Theory]
    [InlineData("with space")]
    [InlineData("")]
    [InlineData("a,b")]
    [InlineData("ü")]
    public async Task SupportedProtocols_that_are_no_tokens_are_refused_at_connect(string protocol)
    {
        using MessageWebSocket socket = new();
        socket.Control.SupportedProtocols.Add(protocol);
        await Assert.ThrowsAsync<ArgumentException>(() => socket.ConnectAsync(new Uri("ws://127.0.0.1:9/")));
        Assert.Equal(MessageWebSocketState.Created, socket.State);
    }

    [Fact]
    public async Task SupportedProtocols_with_duplicates_are_refused_at_connect()
    {
        using MessageWebSocket socket = new();
        socket.Control.SupportedProtocols.Add("chat");
        socket.Control.SupportedProtocols.Add("chat");
        await Assert.ThrowsAsync<ArgumentException>(() => socket.ConnectAsync(new Uri("ws://127.0.0.1:9/")));
    }

    [Fact]
    public void ClientCertificate_needs_its_private_key()
    {
        using RSA key = RSA.Create(2048);
        using X509Certificate2 whole = new CertificateRequest("CN=c", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.Now, DateTimeOffset.Now.AddDays(1));
        using X509Certificate2 withoutKey = X509CertificateLoader.LoadCertificate(whole.Export(X509ContentType.Cert));
        using MessageWebSocket socket = new();

        Assert.Throws<ArgumentException>(() => socket.Control.ClientCertificate = withoutKey);
        socket.Control.ClientCertificate = whole;
        Assert.Same(whole, socket.Control.ClientCertificate);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void DesiredUnsolicitedPongInterval_zero_or_infinite_is_off(int milliseconds)
    {
        using MessageWebSocket socket = new();
        socket.Control.DesiredUnsolicitedPongInterval = TimeSpan.FromMilliseconds(milliseconds);
        Assert.Equal(TimeSpan.Zero, socket.Control.ActualUnsolicitedPongInterval);
    }
}
