using System.Text;
using MessageWebSockets.Handshake;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using MessageWebSockets.Tests.Messages;

using Xunit;

namespace MessageWebSockets.Tests.Handshake;

/// <summary>The framework gets the head of an accepted upgrade and no byte more, wherever the network cuts it.</summary>
public sealed class UpgradeStreamTests
{
    private const string Accepted = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

    // A frame, and one that looks like the end of a head.
    private static readonly byte[] s_frames = [0x82, 0x03, 1, 2, 3, 0x81, 0x05, .. "\n\r\n\r\n"u8];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Heads { get; } =
    [
        Accepted,
        "HTTP/1.1 101 \nUpgrade: websocket\nConnection: Upgrade\n\n",
        "HTTP/1.1 101\r\nUpgrade: websocket\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nX: a\r\n folded\r\nY: \r\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n" + Accepted,
        "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\nHTTP/1.1 103 Early Hints\n\n" + Accepted,
    ];

    [Theory]
    [MemberData(nameof(Heads))]
    public async Task The_framework_reads_to_the_end_of_the_head_and_the_rest_is_for_the_connection(string head)
    {
        byte[] answer = [.. Encoding.ASCII.GetBytes(head), .. s_frames];
        for (int chunk = 1; chunk <= answer.Length; chunk++)
        {
            using UpgradeStream stream = new(new ChunkedStream(answer, chunk));

            byte[] ofHead = await ReadAsync(stream, 4096, () => stream.TakeOver() is not null);
            byte[] rest = await ReadAsync(stream.TakeOver()!, 3, static () => false);

            Assert.Equal(head, Encoding.ASCII.GetString(ofHead));
            Assert.Equal(s_frames, rest);
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n")]
    [InlineData("HTTP/1.1 401 Unauthorized\r\n\r\n")]
    [InlineData("\r\nHTTP/1.1 101 Late\r\n\r\n")]
    [InlineData("HTTP/1.1 :01 None\r\n\r\n")]
    public async Task Another_answer_passes_as_it_is_whatever_its_body_looks_like(string head)
    {
        byte[] answer = [.. Encoding.ASCII.GetBytes(head + "\r\n\r\n" + Accepted), .. s_frames];
        for (int chunk = 1; chunk <= answer.Length; chunk += 7)
        {
            using UpgradeStream stream = new(new ChunkedStream(answer, chunk));

            Assert.Equal(answer, await ReadAsync(stream, 4096, static () => false));
            Assert.Null(stream.TakeOver());
        }
    }

    [Fact]
    public async Task The_answer_to_the_next_request_is_looked_at_anew()
    {
        const string Challenge = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno";
        byte[] answers = [.. Encoding.ASCII.GetBytes(Challenge + Accepted), .. s_frames];
        using UpgradeStream stream = new(new TwoWayStream(new MemoryStream(answers)));
        byte[] buffer = new byte[4096];
        await stream.WriteAsync("first"u8.ToArray(), Token);
        Assert.Equal(Challenge.Length, await stream.ReadAsync(buffer.AsMemory(0, Challenge.Length), Token));
        Assert.Null(stream.TakeOver());

        await stream.WriteAsync("second"u8.ToArray(), Token);

        Assert.Equal(Accepted.Length, await stream.ReadAsync(buffer, Token));
        using Stream taken = stream.TakeOver()!;
        Assert.Equal(0, await taken.ReadAsync(Memory<byte>.Empty, Token));
        Assert.Equal(s_frames.Length, await taken.ReadAsync(buffer, Token));
        Assert.Equal(s_frames, buffer[..s_frames.Length]);
    }

    [Fact]
    public async Task Where_nobody_takes_the_connection_over_the_framework_reads_on()
    {
        byte[] answer = [.. Encoding.ASCII.GetBytes(Accepted), .. s_frames];
        using UpgradeStream stream = new(new ChunkedStream(answer, answer.Length - 2));

        Assert.Equal(answer, await ReadAsync(stream, 11, static () => false));
        Assert.Null(stream.TakeOver());
    }

    // The framework's side of it is garbage by then, and must take nothing along.
    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_connection_that_was_taken_over_outlives_what_made_it_and_loses_nothing()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            RawRequest request = await connection.ReadRequestAsync();
            byte[] head = Encoding.Latin1.GetBytes(RawConnection.HandshakeHead(request, new HandshakeAnswer()));
            await connection.SendBytesAsync((byte[])[.. head, 0x82, 0x03, 1, 2, 3, 0x82, 0x01]);
            await connection.SendBytesAsync((byte[])[4]);
            RawFrame? frame = await connection.ReadUntilAsync(TestServer.FrameOpcode.Text);
            await connection.SendTextAsync(Encoding.UTF8.GetString(frame!.Payload));
            await connection.DrainToCloseAsync();
            await connection.SendCloseAsync(1000);
        });
        using MessageWebSocket socket = new();
        await socket.ConnectAsync(server.Uri, Token);
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        await socket.SendAsync("hello", Token);

        Assert.Equal([1, 2, 3], (await socket.ReceiveAsync(Token))!.Bytes);
        Assert.Equal([4], (await socket.ReceiveAsync(Token))!.Bytes);
        Assert.Equal("hello", (await socket.ReceiveAsync(Token))!.Text);
        Assert.Equal(1000, (await socket.CloseAsync(1000, cancellationToken: Token)).Code);
    }

    private static async Task<byte[]> ReadAsync(Stream stream, int size, Func<bool> isEnough)
    {
        using MemoryStream all = new();
        byte[] buffer = new byte[size];
        while (!isEnough() && await stream.ReadAsync(buffer, Token) is > 0 and int count)
        {
            all.Write(buffer, 0, count);
        }

        return all.ToArray();
    }
}
