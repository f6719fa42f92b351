using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Xunit;
using static MessageWebSockets.PowerShell.Tests.Tunnels.RawPeers;

namespace MessageWebSockets.PowerShell.Tests.Tunnels;

/// <summary>What the owner of a tunnel is told about a client that got no WebSocket: who it was, and which rule it met.</summary>
public sealed class TunnelRefusalTests
{
    private const int Limit = 60_000;

    [Theory(Timeout = Limit)]
    [InlineData(
        "/served",
        "Origin: https://evil.example\r\n",
        "was refused with 403: This server does not allow the origin of the request. It is 'https://evil.example'.")]
    [InlineData("/other?token=secret", "", "was refused with 404: There is no WebSocket at this path. It is '/other'.")]
    [InlineData(
        "/served", "Sec-WebSocket-Key: abc\r\n", "was refused with 400: The request needs one Sec-WebSocket-Key of 16 bytes in base64.")]
    [InlineData(
        "/served", "Sec-WebSocket-Version: 8\r\n", "was refused with 426: This server speaks version 13 of the WebSocket protocol.")]
    [InlineData(
        "/served", "Sec-WebSocket-Protocol: base64\r\n", "was refused with 400: This tunnel speaks the subprotocol binary and not base64.")]
    public async Task LastError_says_which_rule_a_client_met(string path, string headers, string why)
    {
        await using TcpPair pair = Serving();
        using Socket client = await ConnectAsync(pair.Inbound);
        await client.SendAllAsync(Request(pair.Inbound, path, headers));

        await UntilAsync(() => pair.Inbound.ConnectionsFailed == 1);
        Assert.Equal($"The client {client.LocalEndPoint} {why}", pair.Inbound.LastError);
    }

    [Fact(Timeout = Limit)]
    public async Task LastError_says_that_there_was_no_place()
    {
        await using TcpPair pair = Serving(static options => options.MaxConnections = 1);
        using Socket first = await ConnectAsync(pair.Inbound);
        await first.SendAllAsync(Request(pair.Inbound, "/served"));
        await ReadHeadAsync(first);
        using Socket client = await ConnectAsync(pair.Inbound);
        await client.SendAllAsync(Request(pair.Inbound, "/served"));

        await UntilAsync(() => pair.Inbound.ConnectionsFailed == 1);
        Assert.Equal(
            $"The client {client.LocalEndPoint} was refused with 503: This server has as many connections as it takes.",
            pair.Inbound.LastError);
    }

    [Theory(Timeout = Limit)]
    [InlineData("silence", "took too long for its request.")]
    [InlineData("end", "went away before its request was whole.")]
    [InlineData("reset", "was lost before its request was whole: ")]
    public async Task LastError_says_how_a_client_ended_that_had_no_answer(string how, string why)
    {
        await using TcpPair pair = Serving(options => options.HandshakeTimeout = TimeSpan.FromSeconds(how == "silence" ? 0.2 : 60));
        using Socket client = await ConnectAsync(pair.Inbound);
        EndPoint name = client.LocalEndPoint!;
        await client.SendAllAsync("GET /ser"u8.ToArray());
        if (how == "end")
        {
            client.Shutdown(SocketShutdown.Send);
        }
        else if (how == "reset")
        {
            client.Reset();
        }

        await UntilAsync(() => pair.Inbound.ConnectionsFailed == 1);
        Assert.StartsWith($"The client {name} {why}", pair.Inbound.LastError, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task LastError_says_that_TLS_was_not_agreed_on()
    {
        using RSA key = RSA.Create(2048);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 made = request.CreateSelfSigned(DateTimeOffset.Now.AddDays(-1), DateTimeOffset.Now.AddDays(1));
        using X509Certificate2 certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
        await using TcpPair pair = Serving(options => options.Certificate = certificate);
        using Socket client = await ConnectAsync(pair.Inbound);
        await client.SendAllAsync(Request(pair.Inbound, "/served"));

        await UntilAsync(() => pair.Inbound.ConnectionsFailed == 1);
        Assert.StartsWith(
            $"The client {client.LocalEndPoint} and this server did not agree on TLS: ", pair.Inbound.LastError, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task No_more_than_64_clients_are_in_their_handshake_and_the_next_waits_for_one_of_them()
    {
        const int Most = 64;
        await using TcpPair pair = Serving(static options => options.HandshakeTimeout = Timeout.InfiniteTimeSpan);
        Socket[] slow = new Socket[Most];
        for (int i = 0; i < Most; i++)
        {
            slow[i] = await ConnectAsync(pair.Inbound);
            await slow[i].SendAllAsync("GET /ser"u8.ToArray());
        }

        using Socket next = await ConnectAsync(pair.Inbound);
        await next.SendAllAsync(Request(pair.Inbound, "/served"));
        Task<string> head = ReadHeadAsync(next);
        await UntilAsync(() => pair.Inbound.Serving >= Most);

        // One that is served has its answer before this time is over, and the others are still all there.
        Assert.NotSame(head, await Task.WhenAny(head, Task.Delay(200, TestContext.Current.CancellationToken)));
        slow[0].Dispose();

        Assert.StartsWith("HTTP/1.1 101 ", await head, StringComparison.Ordinal);
        Array.ForEach(slow, static client => client.Dispose());
    }

    [Fact(Timeout = Limit)]
    public async Task Connections_with_a_good_request_and_those_that_were_refused_keep_nobody_waiting()
    {
        const int Some = 70;
        await using TcpPair pair = Serving(static options => options.HandshakeTimeout = Timeout.InfiniteTimeSpan);
        Socket[] open = new Socket[Some];
        for (int i = 0; i < Some; i++)
        {
            using Socket refused = await ConnectAsync(pair.Inbound);
            await refused.SendAllAsync(Request(pair.Inbound, "/other"));
            Assert.StartsWith("HTTP/1.1 404 ", await ReadHeadAsync(refused), StringComparison.Ordinal);
            open[i] = await ConnectAsync(pair.Inbound);
            await open[i].SendAllAsync(Request(pair.Inbound, "/served"));
            Assert.StartsWith("HTTP/1.1 101 ", await ReadHeadAsync(open[i]), StringComparison.Ordinal);
        }

        await UntilAsync(() => pair.Inbound is { Connections: Some, ConnectionsFailed: Some });
        Array.ForEach(open, static client => client.Dispose());
    }

    [Fact(Timeout = Limit)]
    public async Task What_a_client_sent_is_cut_and_cannot_steer_a_terminal()
    {
        await using TcpPair pair = Serving();
        using Socket client = await ConnectAsync(pair.Inbound);
        byte[] request = Request(pair.Inbound, "/served", $"Origin: ###{new string('x', 5000)}\r\n");
        "\u202E"u8.CopyTo(request.AsSpan(request.IndexOf("###"u8)));
        await client.SendAllAsync(request);

        await UntilAsync(() => pair.Inbound.ConnectionsFailed == 1);
        Assert.DoesNotContain('\u202E', pair.Inbound.LastError!);
        Assert.EndsWith("x\u2026'.", pair.Inbound.LastError, StringComparison.Ordinal);
        Assert.InRange(pair.Inbound.LastError!.Length, 200, 400);
    }

    private static TcpPair Serving(Action<WebSocketEchoServerOptions>? configure = null) => new(configure: options =>
    {
        options.Path = "/served";
        configure?.Invoke(options);
    });
}
