using System.Globalization;
using System.Text;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Views;

namespace MessageWebSockets.PowerShell.Terminal;

/// <summary>
/// A person's conversation with a server: what is typed is sent, what arrives is printed above the line that is being typed. One loop
/// does both, so that neither can spoil the other.
/// </summary>
internal sealed class ConsoleConversation(MessageWebSocket socket, ITerminal terminal, ConversationColours colours)
{
    // Longer messages are cut on the screen: a terminal takes seconds for a megabyte, and nobody reads it.
    private const int MostCharacters = 64 * 1024;
    private const int MostBytes = 1024;

    // A flood of messages must leave time for the keys, and a pasted text for the messages.
    private const int MostAtOnce = 200;

    private const string EraseRow = "\r\e[K";

    private static readonly TimeSpan KeyInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(5);

    private readonly LineEditor _editor = new(
        [.. ConsoleCommand.All.Select(static command => command.Command.Split(' ')[0]).Where(static command => command != "//text")]);
    private readonly List<Task<string>> _answers = [];

    // What was typed while a line was still being sent.
    private readonly Queue<ConsoleKeyInfo> _typedAhead = [];
    private readonly string _prompt = TerminalText.Escape(socket.ToString()) + "> ";
    private bool _isRowShown;

    /// <summary>Talks until the user leaves or the connection ends.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<ConversationEnd> RunAsync(CancellationToken cancellationToken)
    {
        Task<bool>? arrival = null;
        try
        {
            while (true)
            {
                bool isBusy = PrintMessages();
                PrintAnswers();
                if (await HandleKeysAsync(cancellationToken).ConfigureAwait(false) is { } end)
                {
                    return end;
                }

                ShowRow();
                if (isBusy)
                {
                    continue;
                }

                arrival ??= socket.WaitToReceiveAsync(cancellationToken).AsTask();
                await Task.WhenAny(arrival, Task.Delay(KeyInterval, cancellationToken)).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
                if (arrival.IsCompleted && !await arrival.ConfigureAwait(false))
                {
                    PrintEnd();
                    return ConversationEnd.Lost;
                }

                arrival = arrival.IsCompleted ? null : arrival;
            }
        }
        catch (MessageWebSocketException e)
        {
            Print($"{colours.Failure}the connection broke: {TerminalText.Escape(e.Message)}{colours.Reset}");
            return ConversationEnd.Lost;
        }
        finally
        {
            HideRow();
        }
    }

    /// <summary>A message as it is printed: without anything that could steer the terminal.</summary>
    public static string Show(WsMessage message)
    {
        string time = message.ReceivedAt.ToString("HH:mm:ss", CultureInfo.InvariantCulture);
        if (message.MessageType == SocketMessageType.Utf8)
        {
            string text = TerminalText.Escape(message.Text, MostCharacters);
            string cut = text.Length >= MostCharacters ? $" (cut, {ByteCount.Of(message.Length)} in all)" : "";
            return $"{time} < {text}{cut}";
        }

        ReadOnlySpan<byte> bytes = message.AsMemory().Span;
        string rest = bytes.Length > MostBytes ? " \u2026" : "";
        return $"{time} < binary, {ByteCount.Of(bytes.Length)}: {Hex(bytes[..Math.Min(bytes.Length, MostBytes)])}{rest}";
    }

    private static string Hex(ReadOnlySpan<byte> bytes)
    {
        StringBuilder hex = new(bytes.Length * 3);
        foreach (byte value in bytes)
        {
            hex.Append(hex.Length > 0 ? " " : "").Append(value.ToString("X2", CultureInfo.InvariantCulture));
        }

        return hex.ToString();
    }

    // Whether there may be more.
    private bool PrintMessages()
    {
        for (int count = 0; count < MostAtOnce; count++)
        {
            if (!socket.TryReceive(out WsMessage? message))
            {
                return false;
            }

            Print(Show(message));
        }

        return true;
    }

    private void PrintAnswers()
    {
        foreach (Task<string> answer in _answers.Where(static answer => answer.IsCompleted).ToArray())
        {
            _answers.Remove(answer);
            Print(answer.Result);
        }
    }

    private async Task<ConversationEnd?> HandleKeysAsync(CancellationToken cancellationToken)
    {
        int lines = 0;
        while (lines < MostAtOnce && (_typedAhead.TryDequeue(out ConsoleKeyInfo key) || terminal.TryReadKey(out key)))
        {
            _isRowShown = false;
            switch (_editor.Handle(key))
            {
                case LineEditorResult.Ended:
                    return ConversationEnd.Left;
                case LineEditorResult.Cleared:
                    terminal.Write("\e[2J\e[H");
                    break;
                case LineEditorResult.Entered:
                    lines++;
                    if (await EnterAsync(cancellationToken).ConfigureAwait(false) is { } end)
                    {
                        return end;
                    }

                    break;
            }
        }

        return null;
    }

    private async Task<ConversationEnd?> EnterAsync(CancellationToken cancellationToken)
    {
        // The line stays on the screen, whole, and what is typed next gets a row of its own.
        string line = _editor.Take();
        Print(_prompt + TerminalText.Escape(line));
        if (line.Length == 0)
        {
            return null;
        }

        ConsoleCommand command = ConsoleCommand.Parse(line);
        switch (command.Name)
        {
            case "":
                await SendAsync(command.Argument, cancellationToken).ConfigureAwait(false);
                return null;
            case "ping":
                _answers.Add(PingAsync(cancellationToken));
                return null;
            case "pong":
                socket.SendPong();
                return null;
            case "headers":
                PrintHeaders();
                return null;
            case "help":
                PrintHelp();
                return null;
            case "quit" or "exit":
                return ConversationEnd.Left;
            case "close":
                return await CloseAsync(command, cancellationToken).ConfigureAwait(false);
            default:
                PrintProblem(
                    $"There is no command /{TerminalText.Escape(command.Name)}. /help lists them; "
                    + "a text that begins with a slash is sent with two.");
                return null;
        }
    }

    private async Task SendAsync(string text, CancellationToken cancellationToken)
    {
        using CancellationTokenSource giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await WaitOrGiveUpAsync(socket.SendAsync(text, giveUp.Token).AsTask(), giveUp).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            PrintProblem("Not sent: what was sent before it is still on its way.");
        }
        catch (ArgumentException e)
        {
            PrintProblem(e.Message);
        }
        catch (ObjectDisposedException)
        {
            PrintProblem("Not sent: the connection is closed.");
        }
    }

    // Messages are printed meanwhile, and Ctrl+C, which is a key here, ends the wait.
    private async Task WaitOrGiveUpAsync(Task work, CancellationTokenSource giveUp)
    {
        while (!work.IsCompleted)
        {
            await Task.WhenAny(work, Task.Delay(KeyInterval, CancellationToken.None)).ConfigureAwait(false);
            PrintMessages();
            while (!work.IsCompleted && terminal.TryReadKey(out ConsoleKeyInfo key))
            {
                if (key is { Key: ConsoleKey.C, Modifiers: ConsoleModifiers.Control })
                {
                    await giveUp.CancelAsync().ConfigureAwait(false);
                }
                else
                {
                    _typedAhead.Enqueue(key);
                }
            }
        }

        await work.ConfigureAwait(false);
    }

    private async Task<string> PingAsync(CancellationToken cancellationToken)
    {
        try
        {
            TimeSpan time = await socket.PingAsync(cancellationToken).ConfigureAwait(false);
            return $"pong in {time.TotalMilliseconds.ToString("0.0", CultureInfo.InvariantCulture)} ms";
        }
        catch (Exception e) when (e is MessageWebSocketException or InvalidOperationException or OperationCanceledException)
        {
            return "no pong: the connection ended";
        }
    }

    private async Task<ConversationEnd?> CloseAsync(ConsoleCommand command, CancellationToken cancellationToken)
    {
        ushort? code;
        string reason;
        try
        {
            (code, reason) = command.CloseArguments();
        }
        catch (FormatException e)
        {
            PrintProblem(e.Message);
            return null;
        }

        using CancellationTokenSource giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            Task<WebSocketCloseResult> closing = socket.CloseWithinAsync(code, code is null ? null : reason, ClosePatience, giveUp.Token);
            await WaitOrGiveUpAsync(closing, giveUp).ConfigureAwait(false);
            WebSocketCloseResult result = await closing.ConfigureAwait(false);
            PrintMessages();
            Print($"closed, the server answered {Describe(result.Code, result.Reason)}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            PrintProblem("The server did not answer the close so far; the connection was dropped.");
        }
        catch (MessageWebSocketException e) when (WsErrors.IsUnansweredClose(e))
        {
            PrintProblem("The server did not answer the close within 5 s; the connection was dropped.");
        }

        return ConversationEnd.Closed;
    }

    private void PrintHeaders()
    {
        IReadOnlyList<string> offered = socket.Information.Handshake.OfferedProtocols;
        foreach ((string name, IReadOnlyList<string> values) in socket.Information.HandshakeHeaders)
        {
            foreach (string value in values)
            {
                string shown = Redaction.Header(name, value, offered);
                Print($"{TerminalText.Escape(name)}: {TerminalText.Escape(shown)}");
            }
        }
    }

    private void PrintHelp()
    {
        int width = ConsoleCommand.All.Max(static command => command.Command.Length);
        foreach ((string command, string meaning) in ConsoleCommand.All)
        {
            Print($"{command.PadRight(width)}  {meaning}");
        }
    }

    private void PrintEnd() => Print(
        $"{colours.Warning}closed by the server "
        + $"{Describe(socket.Information.CloseCode ?? 1005, socket.Information.CloseReason)}{colours.Reset}");

    private static string Describe(ushort code, string? reason)
    {
        string said = string.IsNullOrEmpty(reason) ? "" : $": {TerminalText.Escape(reason)}";
        return code == 1005 ? "without a code" : $"with code {code}{said}";
    }

    private void PrintProblem(string text) => Print($"{colours.Failure}{text}{colours.Reset}");

    // Over the row that is being typed, which is drawn again below.
    private void Print(string line)
    {
        terminal.Write($"{EraseRow}{line}\n");
        _isRowShown = false;
    }

    private void ShowRow()
    {
        if (!_isRowShown)
        {
            LineView view = LineView.Of(_prompt, _editor.Text, _editor.Cursor, terminal.Width);
            string move = view.Column > 0 ? $"\e[{view.Column}C" : "";
            terminal.Write($"{EraseRow}{view.Row}\r{move}");
            _isRowShown = true;
        }
    }

    private void HideRow() => terminal.Write(EraseRow);
}
