using System.Net.WebSockets;
using System.Security.Cryptography;
using MessageWebSockets.Examples;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Interop;

/// <summary>What must work with every server; each class derived from this one names a server that no one here wrote.</summary>
public abstract class InteropTests
{
    /// <summary>Why the server cannot be tested here; null when it can.</summary>
    protected virtual string? SkipReason => null;

    /// <summary>What the server's answer to an empty close frame comes to.</summary>
    protected virtual ushort AnswerToEmptyClose => 1005;

    [SocketFact]
    public async Task SendAsync_and_ReceiveAsync_carry_text_and_binary_of_every_frame_length()
    {
        using MessageWebSocket socket = await ConnectAsync(EchoUri(contextTakeover: true));
        foreach (int length in (int[])[0, 1, 125, 126, 65_535, 65_536, 1_000_000])
        {
            string text = string.Concat(Enumerable.Repeat("aé€𝄞", (length / 10) + 1))[..(length / 10)].TrimEnd('\uD834');
            byte[] binary = RandomNumberGenerator.GetBytes(length);
            await socket.SendAsync(text);
            await socket.SendAsync(binary, SocketMessageType.Binary);

            WsMessage? textBack = await socket.ReceiveAsync();
            WsMessage? binaryBack = await socket.ReceiveAsync();

            Assert.Equal(SocketMessageType.Utf8, textBack?.MessageType);
            Assert.Equal(text, textBack?.Text);
            Assert.Equal(SocketMessageType.Binary, binaryBack?.MessageType);
            Assert.Equal(binary, binaryBack?.Bytes);
        }
    }

    [SocketFact]
    public async Task SendNonfinalFrameAsync_and_SendFinalFrameAsync_make_one_message_for_the_server()
    {
        using MessageWebSocket socket = await ConnectAsync(EchoUri(contextTakeover: true));
        await socket.SendNonfinalFrameAsync("one "u8.ToArray(), SocketMessageType.Utf8);
        await socket.PingAsync();
        await socket.SendNonfinalFrameAsync(Array.Empty<byte>(), SocketMessageType.Utf8);
        await socket.SendFinalFrameAsync("two"u8.ToArray(), SocketMessageType.Utf8);

        Assert.Equal("one two", (await socket.ReceiveAsync())?.Text);
    }

    [SocketFact]
    public async Task ReceiveAsync_puts_the_servers_fragments_together()
    {
        (Uri uri, string expected) = Fragments();
        using MessageWebSocket socket = await ConnectAsync(uri);

        WsMessage? message = await socket.ReceiveAsync();

        Assert.Equal(expected, message?.Text);
        Assert.True(message?.IsMessageComplete);
    }

    // One test for all codes, and not one each: where the server is missing it is one more line of what was skipped, and no news.
    [SocketFact]
    public async Task Closed_tells_the_code_and_reason_of_the_server()
    {
        (ushort Code, string Reason)[] closes =
            [(1000, "done"), (1001, ""), (1011, "Fehler: ü"), (1012, "restart"), (3000, "registered"), (4999, "private")];
        foreach ((ushort code, string reason) in closes)
        {
            EventRecorder events = new();
            using MessageWebSocket socket = await ConnectAsync(CloseUri(code, reason), events.RecordCloses);

            WebSocketClosedEventArgs closed = await events.NextCloseAsync();

            Assert.Equal((code, reason), (closed.Code, closed.Reason));
            Assert.Null(await socket.ReceiveAsync());
        }
    }

    [SocketFact]
    public async Task CloseAsync_gets_its_code_back_from_the_server()
    {
        (ushort Code, string Reason)[] closes = [(1000, "done"), (3001, "Grüße"), (4000, "")];
        foreach ((ushort code, string reason) in closes)
        {
            using MessageWebSocket socket = await ConnectAsync(EchoUri(contextTakeover: true));

            Assert.Equal(code, (await socket.CloseAsync(code, reason)).Code);
            Assert.Equal(MessageWebSocketState.Closed, socket.State);
        }
    }

    [SocketFact]
    public async Task CloseAsync_with_an_empty_close_frame_is_taken_as_one()
    {
        using MessageWebSocket socket = await ConnectAsync(EchoUri(contextTakeover: true));
        await socket.SendAsync("before");
        Assert.Equal("before", (await socket.ReceiveAsync())?.Text);

        WebSocketCloseResult answer = await socket.CloseAsync();

        Assert.Equal(AnswerToEmptyClose, answer.Code);
        Assert.Null(await socket.ReceiveAsync());
    }

    [SocketFact]
    public async Task PingAsync_is_answered_by_the_server()
    {
        using MessageWebSocket socket = await ConnectAsync(EchoUri(contextTakeover: true));

        TimeSpan[] roundTrips = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => socket.PingAsync()));

        Assert.All(roundTrips, roundTrip => Assert.True(roundTrip > TimeSpan.Zero));
    }

    [SocketFact]
    public async Task A_ping_of_the_server_is_answered()
    {
        (Uri uri, string expected) = Ping();
        using MessageWebSocket socket = await ConnectAsync(uri);

        Assert.Equal(expected, (await socket.ReceiveAsync())?.Text);
    }

    [SocketTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Compression_works_with_and_without_context_takeover(bool contextTakeover)
    {
        using MessageWebSocket socket = await ConnectAsync(
            EchoUri(contextTakeover), socket => socket.Control.Compression = new WebSocketDeflateOptions
            {
                ClientContextTakeover = contextTakeover,
                ServerContextTakeover = contextTakeover,
            });
        Assert.NotNull(socket.Information.Compression);
        Assert.Equal(contextTakeover, socket.Information.Compression.ServerContextTakeover);
        Assert.Equal(contextTakeover, socket.Information.Compression.ClientContextTakeover);
        byte[] random = RandomNumberGenerator.GetBytes(2000);
        byte[] repetitive = new byte[500_000];
        long[] sizes = new long[4];
        for (int i = 0; i < sizes.Length; i++)
        {
            long before = socket.Information.BytesReceived;
            await socket.SendAsync(random, SocketMessageType.Binary);
            Assert.Equal(random, (await socket.ReceiveAsync())?.Bytes);
            sizes[i] = socket.Information.BytesReceived - before;
            await socket.SendAsync("", default);
            Assert.Equal("", (await socket.ReceiveAsync())?.Text);
        }

        // Random bytes do not compress by themselves, but a context that is kept knows them from the second time on.
        Assert.Equal(contextTakeover, sizes[^1] < random.Length / 2);
        await socket.SendAsync(repetitive, SocketMessageType.Binary);
        Assert.Equal(repetitive, (await socket.ReceiveAsync())?.Bytes);
        Assert.True(socket.Information.BytesSent < repetitive.Length / 2);
        Assert.Equal(1000, (await socket.CloseAsync(1000)).Code);
    }

    [SocketFact]
    public async Task SendAsync_of_many_messages_at_once_brings_all_of_them_back_in_order()
    {
        using MessageWebSocket socket = await ConnectAsync(EchoUri(contextTakeover: true));
        const int Count = 5000;
        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < Count; i++)
            {
                await socket.SendAsync($"message {i}");
            }
        });
        for (int i = 0; i < Count; i++)
        {
            Assert.Equal($"message {i}", (await socket.ReceiveAsync())?.Text);
        }

        await sending;
    }

    [SocketFact]
    public async Task The_porting_sample_runs_against_the_server()
    {
        Assert.SkipWhen(SkipReason is not null, SkipReason ?? "");
        StringWriter log = new();

        Assert.True(await ClassicSample.RunAsync(EchoUri(contextTakeover: true), log), log.ToString());
    }

    /// <summary>Where messages come back, compressed if that is offered.</summary>
    protected abstract Uri EchoUri(bool contextTakeover);

    /// <summary>Where one message comes in fragments, and that message.</summary>
    protected abstract (Uri Uri, string Expected) Fragments();

    /// <summary>Where the server closes at once.</summary>
    protected abstract Uri CloseUri(int code, string reason);

    /// <summary>Where the server pings, and the message it sends when the right pong came.</summary>
    protected abstract (Uri Uri, string Expected) Ping();

    private async Task<MessageWebSocket> ConnectAsync(Uri uri, Action<MessageWebSocket>? configure = null)
    {
        Assert.SkipWhen(SkipReason is not null, SkipReason ?? "");
        MessageWebSocket socket = new();
        configure?.Invoke(socket);
        await socket.ConnectAsync(uri);
        return socket;
    }
}
