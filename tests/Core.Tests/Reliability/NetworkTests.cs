using System.Net.WebSockets;
using System.Security.Cryptography;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Reliability;

/// <summary>A network that breaks at any byte, or passes one at a time.</summary>
public sealed class NetworkTests
{
    private const int AtOnce = 8;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    // All that a message can be made of; the number of bytes behind which one more message is whole.
    private static readonly byte[][] s_messages =
    [
        [
            .. FrameBytes.Build(WireOpcode.Text, "wh"u8, fin: false),
            .. FrameBytes.Build(WireOpcode.Ping, "between"u8),
            .. FrameBytes.Build(WireOpcode.Continuation, ""u8, fin: false),
            .. FrameBytes.Build(WireOpcode.Continuation, "ole"u8),
        ],
        FrameBytes.Build(WireOpcode.Binary, new byte[200]),
        FrameBytes.Text(""),
        FrameBytes.Text("Grüße"),
    ];

    private static readonly byte[] s_stream = [.. s_messages.SelectMany(bytes => bytes), .. FrameBytes.Close(1000, "bye")];

    [SocketTheory]
    [InlineData(NetworkCut.End)]
    [InlineData(NetworkCut.Reset)]
    public async Task A_connection_cut_at_any_byte_of_the_answer_was_never_open(NetworkCut cut)
    {
        await using RawServer server = StartServer();
        int length = await AnswerLengthAsync(server.Uri);

        await ForEachAsync(length, async limit =>
        {
            await using NetworkRelay network = NetworkRelay.Start(server.Uri, new NetworkConditions { AnswerLimit = limit, Cut = cut });
            await using MessageWebSocket socket = new();

            Exception failure = await Assert.ThrowsAnyAsync<Exception>(() => socket.ConnectAsync(network.Uri).WaitAsync(s_patience));

            WebErrorStatus status = WebSocketError.GetStatus(failure.HResult);
            Assert.True(IsStatusOf(cut, status), $"cut after {limit} bytes: {status}, {failure.Message}");
            Assert.Equal(MessageWebSocketState.Created, socket.State);
        });
    }

    [SocketTheory]
    [InlineData(NetworkCut.End)]
    [InlineData(NetworkCut.Reset)]
    public async Task A_connection_cut_at_any_byte_of_its_messages_has_given_those_that_were_whole(NetworkCut cut)
    {
        await using RawServer server = StartServer();
        int head = await AnswerLengthAsync(server.Uri);

        await ForEachAsync(s_stream.Length, async length =>
        {
            await using NetworkRelay network =
                NetworkRelay.Start(server.Uri, new NetworkConditions { AnswerLimit = head + length, Cut = cut });
            await using MessageWebSocket socket = new();
            await socket.ConnectAsync(network.Uri);

            List<WsMessage> received = [];
            Exception failure = await Assert.ThrowsAnyAsync<Exception>(async () =>
            {
                // In here: a cut right behind the answer may be there before it.
                await socket.SendAsync("go");
                while (await socket.ReceiveAsync().AsTask().WaitAsync(s_patience) is { } message)
                {
                    received.Add(message);
                }

                Assert.Fail($"The close frame was cut after {length} bytes of the stream, and the connection ended in order.");
            });

            WebErrorStatus status = WebSocketError.GetStatus(failure.HResult);
            Assert.True(IsStatusOf(cut, status), $"cut after {length} bytes: {status}, {failure.Message}");
            Assert.Equal(WholeMessages(length), received.Count);
            Assert.Equal(
                new object[] { "whole", new byte[200], "", "Grüße" }.Take(received.Count), received.Select(message => message.Data));
        });
    }

    [SocketFact]
    public async Task A_connection_that_falls_silent_at_any_byte_of_the_answer_ends_in_the_timeout()
    {
        await using RawServer server = StartServer();
        int length = await AnswerLengthAsync(server.Uri);

        await ForEachAsync(length, atOnce: length, run: async limit =>
        {
            await using NetworkRelay network =
                NetworkRelay.Start(server.Uri, new NetworkConditions { AnswerLimit = limit, Cut = NetworkCut.Silence });
            await using MessageWebSocket socket = new();
            socket.Control.ConnectTimeout = TimeSpan.FromMilliseconds(500);

            Exception failure = await Assert.ThrowsAnyAsync<Exception>(() => socket.ConnectAsync(network.Uri).WaitAsync(s_patience));

            Assert.Equal(WebErrorStatus.Timeout, WebSocketError.GetStatus(failure.HResult));
        });
    }

    [SocketTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Messages_that_cross_a_byte_at_a_time_come_back_equal(bool isCompressed)
    {
        await using TestWebSocketServer server = await TestWebSocketServer.StartAsync(new TestServerOptions());
        await using NetworkRelay network = NetworkRelay.Start(
            new Uri(server.Uri, isCompressed ? "echo/deflate" : "echo"), new NetworkConditions { ChunkSize = 1 });
        await using MessageWebSocket socket = new();
        socket.Control.Compression = isCompressed ? new WebSocketDeflateOptions() : null;
        await socket.ConnectAsync(network.Uri);
        byte[][] sent = [.. new[] { 0, 1, 125, 126, 127, 1000 }.Select(RandomNumberGenerator.GetBytes)];

        foreach (byte[] message in sent)
        {
            await socket.SendAsync(message, SocketMessageType.Binary);
        }

        foreach (byte[] message in sent)
        {
            Assert.Equal(message, (await socket.ReceiveAsync().AsTask().WaitAsync(s_patience))?.Data);
        }

        await socket.CloseAsync(1000, "").WaitAsync(s_patience);
        Assert.Equal(MessageWebSocketState.Closed, socket.State);
    }

    private static RawServer StartServer() => RawServer.Start(
        async connection =>
        {
            await connection.AcceptHandshakeAsync();
            if (await connection.ReadFrameAsync() is not null)
            {
                await connection.SendBytesAsync(s_stream);
            }

            await connection.DrainBytesAsync();
        },
        new RawServerOptions { KeepConnections = 0 });

    private static async Task<int> AnswerLengthAsync(Uri server)
    {
        await using NetworkRelay network = NetworkRelay.Start(server, new NetworkConditions());
        await using MessageWebSocket socket = new();
        await socket.ConnectAsync(network.Uri);
        return (int)network.AnswerBytes;
    }

    private static Task ForEachAsync(int count, Func<int, Task> run) => ForEachAsync(count, AtOnce, run);

    private static Task ForEachAsync(int count, int atOnce, Func<int, Task> run) => Parallel.ForAsync(
        0, count, new ParallelOptions { MaxDegreeOfParallelism = atOnce }, async (index, _) => await run(index));

    private static int WholeMessages(int length)
    {
        int end = 0;
        return s_messages.Count(message => (end += message.Length) <= length);
    }

    // A reset may find the client writing, or its reading already told of an end.
    private static bool IsStatusOf(NetworkCut cut, WebErrorStatus status) => cut == NetworkCut.End
        ? status == WebErrorStatus.ConnectionAborted
        : status is WebErrorStatus.ConnectionReset;
}
