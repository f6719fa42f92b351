using MessageWebSockets.PowerShell.Terminal;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests;

public sealed class ConsoleConversationTests : IAsyncDisposable
{
    private const int Patience = 30_000;

    private readonly WebSocketEchoServer _server;
    private readonly MessageWebSocket _socket = new() { Name = "host" };
    private readonly FakeTerminal _terminal = new();
    private readonly TaskCompletionSource _mayRead = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConsoleConversationTests() => _server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions { Handler = AnswerAsync });

    [Fact(Timeout = Patience)]
    public async Task What_is_typed_is_sent_and_what_arrives_is_printed()
    {
        Task<ConversationEnd> talking = await BeginAsync();
        _terminal.Type("hello\n");
        await _terminal.SeesAsync(" < hello\n");
        _terminal.Type("//slash\n");
        await _terminal.SeesAsync(" < /slash\n");
        _terminal.Type("bytes\n");
        await _terminal.SeesAsync(" < binary, 3 B: 01 02 FF\n");
        _terminal.Press(ConsoleKey.D, control: true);

        Assert.Equal(ConversationEnd.Left, await talking);
        Assert.Equal(MessageWebSocketState.Open, _socket.State);
        Assert.Matches("^host> hello$", _terminal.Lines[0]);
        Assert.Matches(@"^\d\d:\d\d:\d\d < hello$", _terminal.Lines[1]);
    }

    [Fact(Timeout = Patience)]
    public async Task What_arrives_while_something_is_typed_leaves_it_as_it_is()
    {
        Task<ConversationEnd> talking = await BeginAsync();
        _terminal.Type("half a li");
        await _terminal.SeesAsync("host> half a li");

        await _server.Clients[0].SendAsync("news");
        await _terminal.SeesAsync(" < news\n\r\e[Khost> half a li\r\e[15C");
        _terminal.Type("ne\n");
        await _terminal.SeesAsync(" < half a line\n");
        _terminal.Type("/quit\n");

        Assert.Equal(ConversationEnd.Left, await talking);
        Assert.EndsWith("\r\e[K", _terminal.Written, StringComparison.Ordinal);
    }

    [Fact(Timeout = Patience)]
    public async Task Messages_that_came_before_are_printed_first()
    {
        await _socket.ConnectAsync(_server.Uri);
        await _socket.SendAsync("before");
        Assert.True(await _socket.WaitToReceiveAsync());
        _terminal.Type("after\n/quit\n");

        await new ConsoleConversation(_socket, _terminal, ConversationColours.None).RunAsync(CancellationToken.None);

        Assert.EndsWith(" < before", _terminal.Lines[0], StringComparison.Ordinal);
        Assert.Equal("host> after", _terminal.Lines[1]);
    }

    [Fact(Timeout = Patience)]
    public async Task Nothing_that_a_server_sends_steers_the_terminal()
    {
        Task<ConversationEnd> talking = await BeginAsync();
        await _server.Clients[0].SendAsync("\e]0;title\a\e[2J\r\nfake> ");
        await _terminal.SeesAsync(@" < \e]0;title\a\e[2J\r\nfake> " + "\n");
        _terminal.Type("/quit\n");

        await talking;
        Assert.DoesNotContain('\a', _terminal.Written);
        Assert.DoesNotContain("\e[2J", _terminal.Written, StringComparison.Ordinal);
    }

    [Fact(Timeout = Patience)]
    public async Task A_very_long_message_is_cut_with_a_note_and_a_long_one_is_not()
    {
        Task<ConversationEnd> talking = await BeginAsync();
        await _server.Clients[0].SendAsync(new string('a', 60_000));
        await _terminal.SeesAsync(new string('a', 60_000) + "\n");
        await _server.Clients[0].SendAsync(new string('b', 2 * 1024 * 1024));
        await _terminal.SeesAsync("\u2026 (cut, 2.0 MB in all)\n");
        await _server.Clients[0].SendAsync(new byte[5000]);
        await _terminal.SeesAsync(" < binary, 4.9 KB: 00 00");
        _terminal.Type("/quit\n");

        await talking;
        Assert.True(_terminal.Lines.Max(static line => line.Length) < 70_000);
    }

    [Fact(Timeout = Patience)]
    public async Task Commands_do_what_they_say()
    {
        Task<ConversationEnd> talking = await BeginAsync();
        _terminal.Type("/ping\n/pong\n/help\n/headers\n/what\n");
        await _terminal.SeesAsync(" ms\n");
        await _terminal.SeesAsync("/close [code [reason]]  closes the connection and leaves\n");
        await _terminal.SeesAsync("Upgrade: websocket\n");
        await _terminal.SeesAsync("There is no command /what.");
        _terminal.Type("/close 999\n");
        await _terminal.SeesAsync("'999' is no close code");
        _terminal.Type("/close 4000 good bye\n");

        Assert.Equal(ConversationEnd.Closed, await talking);
        Assert.Contains("closed, the server answered with code 4000", _terminal.Lines);
        Assert.Equal(MessageWebSocketState.Closed, _socket.State);
    }

    [Fact(Timeout = Patience)]
    public async Task A_text_that_cannot_be_sent_is_a_line_and_no_end()
    {
        Task<ConversationEnd> talking = await BeginAsync();
        _terminal.Type("\ud800\n");
        await _terminal.SeesAsync("surrogate");
        _terminal.Type("/quit\n");

        Assert.Equal(ConversationEnd.Left, await talking);
    }

    [Fact(Timeout = Patience)]
    public async Task The_end_that_a_server_makes_is_told_with_its_reason_behind_the_last_message()
    {
        Task<ConversationEnd> talking = await BeginAsync();
        _terminal.Type("unfinished");
        await _terminal.SeesAsync("unfinished");

        await _server.Clients[0].SendAsync("last");
        await _terminal.SeesAsync(" < last\n");
        await _server.StopAsync();

        Assert.Equal(ConversationEnd.Lost, await talking);
        Assert.Equal("closed by the server with code 1001: The server stops.", _terminal.Lines[^1]);
    }

    [Fact(Timeout = Patience)]
    public async Task Cancelling_it_ends_it_and_not_the_connection()
    {
        using CancellationTokenSource stop = new();
        await _socket.ConnectAsync(_server.Uri);
        Task<ConversationEnd> talking = new ConsoleConversation(_socket, _terminal, ConversationColours.None).RunAsync(stop.Token);
        await _terminal.SeesAsync("host> ");

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => talking);
        Assert.Equal(MessageWebSocketState.Open, _socket.State);
    }

    [Fact(Timeout = Patience)]
    public async Task Ctrl_C_gives_up_a_line_that_has_to_wait_and_what_was_typed_meanwhile_is_kept()
    {
        Task<ConversationEnd> talking = await BeginAsync();
        await _socket.SendNonfinalFrameAsync("a message whose end keeps "u8.ToArray(), SocketMessageType.Utf8);
        _terminal.Type("stuck\n");
        await _terminal.SeesAsync("host> stuck\n");
        _terminal.Type("/he");
        _terminal.Press(ConsoleKey.C, control: true);
        await _terminal.SeesAsync("Not sent: what was sent before it");
        _terminal.Type("lp\n");
        await _terminal.SeesAsync("/close [code [reason]]");

        await _socket.SendFinalFrameAsync("the others waiting"u8.ToArray(), SocketMessageType.Utf8);
        await _terminal.SeesAsync(" < a message whose end keeps the others waiting\n");
        _terminal.Type("after\n");
        await _terminal.SeesAsync(" < after\n");
        _terminal.Type("/quit\n");

        Assert.Equal(ConversationEnd.Left, await talking);
        Assert.DoesNotContain(_terminal.Lines, static line => line.EndsWith("< stuck", StringComparison.Ordinal));
    }

    [Fact(Timeout = Patience)]
    public async Task Ctrl_C_ends_the_wait_for_the_answer_to_a_close()
    {
        Task<ConversationEnd> talking = await BeginAsync();
        await _socket.SendAsync(new byte[] { 1 }, SocketMessageType.Binary);
        _terminal.Type("/close\n");
        await _terminal.SeesAsync("host> /close\n");
        _terminal.Press(ConsoleKey.C, control: true);

        Assert.Equal(ConversationEnd.Closed, await talking);
        Assert.Equal("The server did not answer the close so far; the connection was dropped.", _terminal.Lines[^1]);
    }

    public async ValueTask DisposeAsync()
    {
        _mayRead.TrySetResult();
        _socket.Dispose();
        await _server.DisposeAsync();
    }

    // While it keeps a binary message its server reads nothing more of the client.
    private async Task AnswerAsync(WsMessage message, WebSocketEchoClient client, CancellationToken cancellationToken)
    {
        if (message.MessageType == SocketMessageType.Binary)
        {
            await _mayRead.Task.WaitAsync(cancellationToken);
        }
        else
        {
            await (message.Text == "bytes"
                ? client.SendAsync(new byte[] { 1, 2, 255 }, cancellationToken)
                : client.SendAsync(message.Text, cancellationToken));
        }
    }

    private async Task<Task<ConversationEnd>> BeginAsync()
    {
        await _socket.ConnectAsync(_server.Uri);
        return new ConsoleConversation(_socket, _terminal, ConversationColours.None).RunAsync(CancellationToken.None);
    }
}
