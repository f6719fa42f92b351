using System.Net;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

public sealed class EveryOptionTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    [Fact]
    public async Task Control_with_every_option_set_at_once_connects_and_carries_messages_both_ways()
    {
        string? presented = null;
        RawRequest? request = null;
        await using RawServer server = RawServer.Start(
            async connection =>
            {
                if ((await connection.ReadRequestAsync()).Path == "/")
                {
                    await connection.SendResponseAsync(307, "", ("Location", "/room"), ("Set-Cookie", "hop=1; path=/"));
                    return;
                }

                if (!connection.Request!.Headers.ContainsKey("Authorization"))
                {
                    await connection.SendResponseAsync(401, "", ("WWW-Authenticate", "Basic realm=\"room\""));
                    return;
                }

                request = connection.Request;
                presented = connection.Tls!.RemoteCertificate!.Subject;
                await connection.AcceptHandshakeAsync(new HandshakeAnswer
                {
                    SubProtocol = "chat.v2",
                    Extensions = "permessage-deflate; client_max_window_bits=12; server_max_window_bits=12; server_no_context_takeover",
                    Headers = [("Set-Cookie", "session=42; path=/; secure")],
                });
                await connection.SendTextAsync("not compressed, which is allowed");
                await connection.SinkAsync();
            },
            new RawServerOptions
            {
                Tls = new RawTlsOptions(certificates.Expired) { RequireClientCertificate = true, TrustedClientRoots = certificates.Roots },
            });
        await using HttpConnectProxy proxy = HttpConnectProxy.Start("proxy-user", "pr0xy");
        CookieContainer jar = new();
        jar.Add(new Cookie("mine", "yes", "/", "localhost"));
        List<FrameTraceEntry> trace = [];
        using MessageWebSocket socket = new() { Name = "every option" };
        MessageWebSocketControl control = socket.Control;
        control.MessageType = SocketMessageType.Utf8;
        control.SupportedProtocols.Add("chat.v3");
        control.SupportedProtocols.Add("chat.v2");
        control.MaxMessageSize = 1_000_000;
        control.OutboundBufferSizeInBytes = 128 * 1024;
        control.ServerCredential = new NetworkCredential("user", "pass");
        control.ProxyCredential = new NetworkCredential("proxy-user", "pr0xy");
        control.ClientCertificate = certificates.Client;
        control.IgnorableServerCertificateErrors.Add(ChainValidationResult.Expired);
        control.DesiredUnsolicitedPongInterval = TimeSpan.FromSeconds(5);
        control.KeepAliveTimeout = TimeSpan.FromSeconds(10);
        control.ConnectTimeout = TimeSpan.FromSeconds(20);
        control.CloseTimeout = TimeSpan.FromSeconds(3);
        control.ReceiveMode = MessageWebSocketReceiveMode.FullMessage;
        control.Proxy = proxy.Uri;
        control.UseProxy = true;
        control.Compression =
            new WebSocketDeflateOptions { ClientMaxWindowBits = 13, ServerMaxWindowBits = 13, ServerContextTakeover = false };
        control.Cookies = jar;
        control.InboxLimitInBytes = 1_000_000;
        control.InboxFullMode = InboxFullMode.DropOldest;
        control.MaximumRedirection = 2;
        control.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
        control.TrustedRoots = certificates.Roots;
        control.RevocationMode = X509RevocationMode.NoCheck;
        control.PinnedCertificateSha256.Add(certificates.Expired.Leaf.GetCertHashString(HashAlgorithmName.SHA256));
        control.HttpVersion = HttpVersion.Version11;
        control.FrameTrace = new ListProgress(trace);
        socket.SetRequestHeader("Origin", "https://page.example");
        socket.SetRequestHeader("X-Tenant", "seven");
        int validated = 0;
        socket.ServerCustomValidationRequested += (_, args) =>
        {
            using Deferral deferral = args.GetDeferral();
            Interlocked.Increment(ref validated);
        };

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);
        WsMessage? received = await socket.ReceiveAsync(TestContext.Current.CancellationToken);
        await socket.SendAsync(new string('x', 10_000), TestContext.Current.CancellationToken);
        TimeSpan roundTrip = await socket.PingAsync(TestContext.Current.CancellationToken);
        WebSocketCloseResult closed = await socket.CloseAsync(1000, "done", TestContext.Current.CancellationToken);

        Assert.Equal("not compressed, which is allowed", received?.Text);
        Assert.True(roundTrip > TimeSpan.Zero);
        Assert.Equal((1000, "done"), (closed.Code, closed.Reason));
        Assert.Equal(certificates.Client.Subject, presented);
        Assert.Equal("/room", request!.Path);
        Assert.Equal("Basic dXNlcjpwYXNz", request.Headers["Authorization"]);
        Assert.Equal("mine=yes; hop=1", request.Headers["Cookie"]);
        Assert.Equal("https://page.example", request.Headers["Origin"]);
        Assert.Equal("seven", request.Headers["X-Tenant"]);
        Assert.Equal(["chat.v3", "chat.v2"], request.SubProtocols);
        Assert.Equal("42", jar.GetCookies(new Uri($"https://localhost:{server.EndPoint.Port}/"))["session"]?.Value);
        Assert.All(proxy.Targets, target => Assert.Equal(server.Uri.Authority, target));
        Assert.True(validated >= 1);
        await control.Frames.SettledAsync();
        Assert.NotEmpty(trace);
        MessageWebSocketInformation information = socket.Information;
        Assert.Equal("chat.v2", information.Protocol);
        Assert.Equal([ChainValidationResult.Expired], information.ServerCertificateErrors);
        Assert.Equal(12, information.Compression?.ClientMaxWindowBits);
        Assert.Equal(TimeSpan.FromSeconds(5), control.ActualUnsolicitedPongInterval);
        Assert.InRange(information.BytesSent, 1, 5000);
    }

    private sealed class ListProgress(List<FrameTraceEntry> entries) : IProgress<FrameTraceEntry>
    {
        public void Report(FrameTraceEntry value)
        {
            lock (entries)
            {
                entries.Add(value);
            }
        }
    }
}
