using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Reliability;

using FrameOpcode = MessageWebSockets.TestServer.FrameOpcode;

/// <summary>What a script may pass in, where no other test has it.</summary>
[Collection(QuietCollection.Name)]
public sealed class InputTests
{
    private const int Gibibyte = 1024 * 1024 * 1024;

    [Theory]
    [InlineData("")]
    [InlineData("\0")]
    [InlineData("before\0after\0")]
    [InlineData("\u0001\b\t\r\n\u001b[31m\u007f\u0085\u2028\ufeff\ufffd\uffff")]
    public async Task Text_arrives_with_every_control_character(string text)
    {
        await using TestWebSocketServer server = await TestWebSocketServer.StartAsync();
        using MessageWebSocket socket = new();
        await socket.ConnectAsync(server.At("echo"), TestContext.Current.CancellationToken);

        await socket.SendAsync(text, TestContext.Current.CancellationToken);

        Assert.Equal(text, (await socket.ReceiveAsync().AsTask().WaitAsync(FaultVisit.Patience))?.Text);
    }

    [Fact]
    public void A_port_above_65535_is_no_address() => Assert.Throws<UriFormatException>(() => new Uri("ws://127.0.0.1:65536/"));

    [Fact]
    public async Task A_message_of_1_GiB_goes_out_and_comes_in_whole()
    {
        Assert.SkipWhen(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes < 8L * Gibibyte, "It takes some GiB of memory.");
        byte[] part = new byte[1024 * 1024];
        part.AsSpan().Fill(7);
        await using RawServer server = RawServer.Start(
            async connection =>
            {
                await connection.AcceptHandshakeAsync();
                await connection.SendFrameAsync(FrameOpcode.Binary, part, declaredLength: Gibibyte);
                for (int sent = part.Length; sent < Gibibyte; sent += part.Length)
                {
                    await connection.SendBytesAsync(part);
                }

                await connection.SinkAsync();
            },
            new RawServerOptions { CaptureLimit = 0 });
        using MessageWebSocket socket = new();
        socket.Control.InboxLimitInBytes = Gibibyte;
        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        WsMessage? message = await socket.ReceiveAsync().AsTask().WaitAsync(2 * FaultVisit.Patience);
        Assert.Equal(Gibibyte, message?.Length);
        Assert.Equal(-1, message!.Bytes.AsSpan().IndexOfAnyExcept((byte)7));

        await socket.SendAsync(message.Bytes, SocketMessageType.Binary, TestContext.Current.CancellationToken);
        await socket.FlushAsync().WaitAsync(2 * FaultVisit.Patience);
        Assert.Equal(1, socket.Information.MessagesWritten);
        Assert.InRange(server.Connections[0].BytesRead, 0, Gibibyte + 4096L);
        await socket.CloseAsync().WaitAsync(FaultVisit.Patience);
        Assert.InRange(server.Connections[0].BytesRead, Gibibyte, Gibibyte + 4096L);
    }
}
