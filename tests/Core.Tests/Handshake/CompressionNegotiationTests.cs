using System.Net.WebSockets;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

/// <summary>permessage-deflate, RFC 7692 section 7.1: offers and answers on the wire.</summary>
public sealed class CompressionNegotiationTests
{
    [Theory]
    [InlineData(15, 15, true, true, "permessage-deflate; client_max_window_bits")]
    [InlineData(9, 15, true, true, "permessage-deflate; client_max_window_bits=9")]
    [InlineData(15, 10, true, true, "permessage-deflate; client_max_window_bits; server_max_window_bits=10")]
    [InlineData(15, 15, false, true, "permessage-deflate; client_max_window_bits; client_no_context_takeover")]
    [InlineData(15, 15, true, false, "permessage-deflate; client_max_window_bits; server_no_context_takeover")]
    [InlineData(
        12,
        11,
        false,
        false,
        "permessage-deflate; client_max_window_bits=12; server_max_window_bits=11; client_no_context_takeover; server_no_context_takeover")]
    public async Task Compression_is_offered_as_its_options_say(
        int clientBits, int serverBits, bool clientTakeover, bool serverTakeover, string offer)
    {
        await using RawServer server = Answering(null);
        using MessageWebSocket socket = new();
        socket.Control.Compression = Options(clientBits, serverBits, clientTakeover, serverTakeover);

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Equal(offer, server.Connections[0].Request!.Headers["Sec-WebSocket-Extensions"]);
        Assert.Null(socket.Information.Compression);
    }

    [Fact]
    public async Task Compression_is_not_offered_by_default()
    {
        await using RawServer server = Answering(null);
        using MessageWebSocket socket = new();

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.DoesNotContain("Sec-WebSocket-Extensions", server.Connections[0].Request!.Headers.Keys);
        Assert.Null(socket.Control.Compression);
    }

    [Theory]
    [InlineData("permessage-deflate", 15, 15, true, true)]
    [InlineData("PERMESSAGE-DEFLATE", 15, 15, true, true)]
    [InlineData("permessage-deflate; client_max_window_bits=15", 15, 15, true, true)]
    [InlineData("permessage-deflate; client_max_window_bits=9", 9, 15, true, true)]
    [InlineData("permessage-deflate; client_max_window_bits=\"10\"", 10, 15, true, true)]
    [InlineData("permessage-deflate;server_max_window_bits=12", 15, 12, true, true)]
    [InlineData("permessage-deflate; server_max_window_bits=8", 15, 9, true, true)]
    [InlineData("permessage-deflate; client_no_context_takeover", 15, 15, false, true)]
    [InlineData("permessage-deflate; server_no_context_takeover", 15, 15, true, false)]
    [InlineData(
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11",
        11,
        10,
        false,
        false)]
    public async Task Compression_agreed_on_is_in_Information(
        string answer, int clientBits, int serverBits, bool clientTakeover, bool serverTakeover)
    {
        await using RawServer server = Answering(answer);
        using MessageWebSocket socket = new();
        socket.Control.Compression = new WebSocketDeflateOptions();

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        WebSocketDeflateOptions agreed = Assert.IsType<WebSocketDeflateOptions>(socket.Information.Compression);
        Assert.Equal(
            (clientBits, serverBits, clientTakeover, serverTakeover),
            (agreed.ClientMaxWindowBits, agreed.ServerMaxWindowBits, agreed.ClientContextTakeover, agreed.ServerContextTakeover));
    }

    [Fact]
    public async Task Compression_keeps_what_the_client_offered_to_do_when_the_answer_does_not_repeat_it()
    {
        await using RawServer server = Answering("permessage-deflate; server_max_window_bits=10; server_no_context_takeover");
        using MessageWebSocket socket = new();
        socket.Control.Compression = Options(11, 12, clientTakeover: false, serverTakeover: false);

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        WebSocketDeflateOptions agreed = socket.Information.Compression!;
        Assert.Equal(
            (11, 10, false, false),
            (agreed.ClientMaxWindowBits, agreed.ServerMaxWindowBits, agreed.ClientContextTakeover, agreed.ServerContextTakeover));
    }

    [Theory]
    [InlineData("permessage-deflate; x-unknown", "unknown or malformed parameter 'x-unknown'")]
    [InlineData("permessage-deflate; ", "unknown or malformed parameter ''")]
    [InlineData("permessage-deflate; server_no_context_takeover=1", "malformed parameter 'server_no_context_takeover'")]
    [InlineData("permessage-deflate; client_no_context_takeover=true", "malformed parameter 'client_no_context_takeover'")]
    [InlineData("permessage-deflate; server_no_context_takeover; server_no_context_takeover", "server_no_context_takeover twice")]
    [InlineData("permessage-deflate; client_max_window_bits=10; client_max_window_bits=10", "client_max_window_bits twice")]
    [InlineData("permessage-deflate; client_max_window_bits", "not a number from 8 to 15")]
    [InlineData("permessage-deflate; server_max_window_bits", "not a number from 8 to 15")]
    [InlineData("permessage-deflate; server_max_window_bits=7", "not a number from 8 to 15")]
    [InlineData("permessage-deflate; server_max_window_bits=16", "not a number from 8 to 15")]
    [InlineData("permessage-deflate; server_max_window_bits=010", "not a number from 8 to 15")]
    [InlineData("permessage-deflate; server_max_window_bits=+9", "not a number from 8 to 15")]
    [InlineData("permessage-deflate; server_max_window_bits=\"10", "not a number from 8 to 15")]
    [InlineData("permessage-deflate; server_max_window_bits=", "not a number from 8 to 15")]
    [InlineData("permessage-deflate; client_max_window_bits=8", "below 9, the smallest window that can be compressed with here")]
    [InlineData("permessage-deflate, permessage-deflate", "several")]
    [InlineData("permessage-bzip2", "'permessage-bzip2', which was not offered")]
    public async Task Compression_answers_that_are_illegal_are_refused(string answer, string why)
    {
        await using RawServer server = Answering(answer);
        using MessageWebSocket socket = new();
        socket.Control.Compression = new WebSocketDeflateOptions();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.ErrorHttpInvalidServerResponse, 0x80072F78, why);
        Assert.Null(socket.Information.Compression);
    }

    [Theory]
    [InlineData("permessage-deflate; client_max_window_bits=12", "above the 11 that were offered")]
    [InlineData("permessage-deflate; server_max_window_bits=13; server_no_context_takeover", "above the 12 that were offered")]
    [InlineData("permessage-deflate; server_no_context_takeover", "lacks the requested server_max_window_bits")]
    [InlineData("permessage-deflate; server_max_window_bits=12", "lacks the requested server_no_context_takeover")]
    public async Task Compression_answers_beyond_the_offer_are_refused(string answer, string why)
    {
        await using RawServer server = Answering(answer);
        using MessageWebSocket socket = new();
        socket.Control.Compression = Options(11, 12, clientTakeover: true, serverTakeover: false);

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.ErrorHttpInvalidServerResponse, 0x80072F78, why);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?serverNoContextTakeover=true")]
    [InlineData("?serverBits=9")]
    public async Task Compression_works_with_a_server_of_another_hand(string query)
    {
        await using TestWebSocketServer server = await TestWebSocketServer.StartAsync();
        using MessageWebSocket socket = new();
        socket.Control.Compression = query.Contains("Bits", StringComparison.Ordinal)
            ? Options(15, 9, true, true)
            : new WebSocketDeflateOptions();
        await socket.ConnectAsync(server.At("echo/deflate" + query), TestContext.Current.CancellationToken);
        string text = string.Concat(Enumerable.Repeat("the same over and over; ", 5000));

        await socket.SendAsync(text, TestContext.Current.CancellationToken);
        await socket.SendAsync(text, TestContext.Current.CancellationToken);

        Assert.Equal(text, (await socket.ReceiveAsync(TestContext.Current.CancellationToken))!.Text);
        Assert.Equal(text, (await socket.ReceiveAsync(TestContext.Current.CancellationToken))!.Text);
        Assert.NotNull(socket.Information.Compression);
        Assert.InRange(socket.Information.BytesSent, 1, text.Length / 10);
        Assert.InRange(socket.Information.BytesReceived, 1, text.Length / 10);
    }

    private static RawServer Answering(string? extensions) => RawServer.Start(async connection =>
    {
        await connection.AcceptHandshakeAsync(new HandshakeAnswer { Extensions = extensions });
        await connection.DrainBytesAsync();
    });

    private static WebSocketDeflateOptions Options(int clientBits, int serverBits, bool clientTakeover, bool serverTakeover) => new()
    {
        ClientMaxWindowBits = clientBits,
        ServerMaxWindowBits = serverBits,
        ClientContextTakeover = clientTakeover,
        ServerContextTakeover = serverTakeover,
    };
}
