using System.Net;
using System.Net.WebSockets;
using System.Reflection;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Sockets;

public sealed class StateTests
{
    [Fact]
    public void Name_that_is_null_is_empty_and_the_text_of_the_socket_needs_none()
    {
        using MessageWebSocket socket = new() { Name = null };

        Assert.Equal("", socket.Name);
        Assert.NotEmpty(socket.ToString());
    }

    [SocketFact]
    public async Task State_goes_from_Created_over_Connecting_Open_and_Closing_to_Closed()
    {
        TaskCompletionSource answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await answer.Task;
            await connection.AcceptHandshakeAsync();
            await connection.HoldAsync();
        });
        using MessageWebSocket socket = new();
        Assert.Equal(MessageWebSocketState.Created, socket.State);
        Task connecting = socket.ConnectAsync(server.Uri);
        Assert.Equal(MessageWebSocketState.Connecting, socket.State);
        answer.SetResult();
        await connecting;
        Assert.Equal(MessageWebSocketState.Open, socket.State);
        RawConnection peer = await server.NextConnectionAsync();
        Task closing = socket.CloseAsync(1000);
        Assert.Equal(MessageWebSocketState.Closing, socket.State);
        await peer.ReadUntilAsync(WireOpcode.Close);
        await peer.SendCloseAsync(1000);
        peer.ShutdownSend();
        await closing;
        Assert.Equal(MessageWebSocketState.Closed, socket.State);
    }

    [SocketFact]
    public async Task State_is_Aborted_after_a_loss_and_stays_so_after_Close()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        dialogue.Peer.ShutdownSend();
        await Assert.ThrowsAsync<MessageWebSocketException>(() => dialogue.Socket.ReceiveAsync().AsTask());
        Assert.Equal(MessageWebSocketState.Aborted, dialogue.Socket.State);

        dialogue.Socket.Close();

        Assert.Equal(MessageWebSocketState.Aborted, dialogue.Socket.State);
        Assert.Null(dialogue.Socket.Information.CloseCode);
    }

    [SocketFact]
    public async Task State_is_Closed_when_TCP_resets_after_a_local_Close()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        dialogue.Socket.Close(1000);
        await dialogue.PeerReadsAsync(WireOpcode.Close);

        dialogue.Peer.Reset();

        Assert.Null(await dialogue.Socket.ReceiveAsync());
        Assert.Equal(MessageWebSocketState.Closed, dialogue.Socket.State);
    }

    [Fact]
    public void Clone_copies_every_setting()
    {
        using MessageWebSocket socket = new() { Name = "original" };
        MessageWebSocketControl control = socket.Control;
        using RSA key = RSA.Create(2048);
        using X509Certificate2 certificate = new CertificateRequest("CN=clone", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.Now, DateTimeOffset.Now.AddDays(1));
        control.MessageType = SocketMessageType.Utf8;
        control.SupportedProtocols.Add("a");
        control.MaxMessageSize = 1;
        control.OutboundBufferSizeInBytes = 2;
        control.ServerCredential = new NetworkCredential("u", "p");
        control.ProxyCredential = new NetworkCredential("v", "q");
        control.ClientCertificate = certificate;
        control.IgnorableServerCertificateErrors.Add(ChainValidationResult.Expired);
        control.DesiredUnsolicitedPongInterval = TimeSpan.FromSeconds(3);
        control.KeepAliveTimeout = TimeSpan.FromSeconds(4);
        control.ConnectTimeout = TimeSpan.FromSeconds(5);
        control.CloseTimeout = TimeSpan.FromSeconds(6);
        control.ReceiveMode = MessageWebSocketReceiveMode.PartialMessage;
        control.Proxy = new Uri("http://proxy.example:3128");
        control.UseProxy = false;
        control.UnixSocketPath = "/tmp/socket";
        control.Compression = new WebSocketDeflateOptions();
        control.Cookies = new CookieContainer();
        control.InboxLimitInBytes = 7;
        control.InboxFullMode = InboxFullMode.DropOldest;
        control.MaximumRedirection = 8;
        control.SslProtocols = SslProtocols.Tls13;
        control.TrustedRoots = [];
        control.RevocationMode = X509RevocationMode.Online;
        control.PinnedCertificateSha256.Add(new string('a', 64));
        control.HttpVersion = HttpVersion.Version20;
        control.FrameTrace = new Progress<FrameTraceEntry>();
        control.RequireSubProtocol = true;
        control.ConnectMessages.Add("hello");
        control.ConnectReply = new System.Text.RegularExpressions.Regex("welcome");
        socket.OnConnected = (_, _) => Task.CompletedTask;
        control.HeartbeatMessage = "beat";
        control.HeartbeatInterval = TimeSpan.FromSeconds(9);
        control.AutoReplies.Add(new AutoReply("2", "3"));
        control.Ignore.Add(new System.Text.RegularExpressions.Regex("x"));
        control.RecordSeparator = "\u001e";
        control.IdProperty = "d.requestId";
        control.Dialect = JsonRpcDialect.DevTools;

        using MessageWebSocket clone = socket.Clone();
        using MessageWebSocket untouched = new();

        Assert.Equal("original", clone.Name);
        Assert.NotEqual(socket.Id, clone.Id);
        Assert.Equal(MessageWebSocketState.Created, clone.State);
        foreach (PropertyInfo property in typeof(MessageWebSocketControl).GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            object? value = property.GetValue(control);

            // A setting that is new to the class and not set above would pass unnoticed.
            Assert.False(Equals(property.GetValue(untouched.Control), value), $"{property.Name} was left at its default by this test.");
            Assert.Equal(value, property.GetValue(clone.Control));
        }

        Assert.Same(socket.OnConnected, clone.OnConnected);
    }

    [SocketFact]
    public async Task Clone_of_a_closed_socket_connects_again_with_its_request_headers()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket => socket.SetRequestHeader("X-Token", "t"));
        dialogue.Socket.Close();

        using MessageWebSocket clone = dialogue.Socket.Clone();
        clone.Control.MaxMessageSize = 1000;
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.SendTextAsync("again");
            await connection.HoldAsync();
        });
        await clone.ConnectAsync(server.Uri);

        Assert.Equal("again", (await clone.ReceiveAsync())!.Text);
        Assert.Equal("t", server.Connections[0].Request!.Headers["X-Token"]);
    }

    [Fact]
    public void Clone_does_not_share_its_lists()
    {
        using MessageWebSocket socket = new();
        using MessageWebSocket clone = socket.Clone();
        clone.Control.SupportedProtocols.Add("only the clone's");
        Assert.Empty(socket.Control.SupportedProtocols);
    }

    [Fact]
    public void ToString_is_the_name_or_the_address()
    {
        using MessageWebSocket socket = new();
        Assert.Equal($"MessageWebSocket {socket.Id}", socket.ToString());
        socket.Name = "prices";
        Assert.Equal("prices", socket.ToString());
    }
}
