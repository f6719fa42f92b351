using MessageWebSockets.PowerShell.Messages;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests.Messages;

/// <summary>A disk that is full when half of something is written.</summary>
public sealed class MessageFileTests : IDisposable
{
    // Only ends a test that hangs.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    [Fact]
    public async Task Of_a_message_that_half_fits_nothing_is_in_the_file_and_all_in_the_inbox()
    {
        string large = new('b', 100_000);
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using MessageWebSocket socket = await ReceivingAsync(server, "a", large, "c");
        using MessageSource source = new([socket], looksThrough: false);
        using MessageFile file = new(new SmallDisk(_path, 50_000), endsInText: false, source);
        file.Write(await TakeAsync(source));
        file.Flush();

        WsMessage taken = await TakeAsync(source);
        IOException full = Assert.Throws<IOException>(() => file.Write(taken));

        Assert.Contains("1 message is not in the file, but in the inbox again.", full.Message, StringComparison.Ordinal);
        Assert.Equal("a", ReadFile());
        Assert.Equal([large, "c"], [(await TakeAsync(source)).Text, (await TakeAsync(source)).Text]);
    }

    [Fact]
    public async Task What_a_filter_took_before_is_in_the_file_and_what_did_not_fit_in_its_place_again()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using MessageWebSocket socket = await ReceivingAsync(server, "taken", "left", "too much", "behind");
        using (MessageSource source = new([socket], looksThrough: true))
        {
            using MessageFile file = new(new SmallDisk(_path, "taken\ntoo".Length), endsInText: false, source);
            await LookAsync(source, "taken", taker: file.Write);
            await LookAsync(source, "left", taker: null);
            await Assert.ThrowsAsync<IOException>(async () =>
            {
                await LookAsync(source, "too much", taker: file.Write);
                file.Flush();
            });
        }

        Assert.Equal("taken", ReadFile());
        using MessageSource rest = new([socket], looksThrough: false);
        Assert.Equal(
            ["left", "too much", "behind"],
            [(await TakeAsync(rest)).Text, (await TakeAsync(rest)).Text, (await TakeAsync(rest)).Text]);
    }

    public void Dispose() => File.Delete(_path);

    private static async Task<MessageWebSocket> ReceivingAsync(WebSocketEchoServer server, params string[] messages)
    {
        MessageWebSocket socket = new();
        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);
        foreach (string message in messages)
        {
            await socket.SendAsync(message, TestContext.Current.CancellationToken);
        }

        return socket;
    }

    private static async Task<WsMessage> TakeAsync(MessageSource source)
    {
        WsMessage? message;
        while (!source.TryTake(out message))
        {
            Assert.Null(await source.WaitAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(s_patience));
        }

        return message;
    }

    private static async Task LookAsync(MessageSource source, string text, Action<WsMessage>? taker)
    {
        WsMessage? message;
        while (!source.TryLook(out message))
        {
            Assert.Null(await source.WaitAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(s_patience));
        }

        Assert.Equal(text, message.Text);
        if (taker is not null)
        {
            Assert.True(source.TryTakeLooked(message));
            taker(message);
        }
    }

    private string ReadFile()
    {
        using StreamReader reader = new(new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }

    private sealed class SmallDisk(string path, long room)
        : FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0)
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            int fits = (int)Math.Min(buffer.Length, room - Position);
            base.Write(buffer[..fits]);
            if (fits < buffer.Length)
            {
                throw new IOException("No space left on device.");
            }
        }
    }
}
