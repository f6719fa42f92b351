using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;
using MessageWebSockets.PowerShell.Terminal;

namespace MessageWebSockets.PowerShell.Tests;

/// <summary>A terminal without a screen: keys come from the test, and what is written can be waited for.</summary>
internal sealed partial class FakeTerminal : ITerminal
{
    private readonly ConcurrentQueue<ConsoleKeyInfo> _keys = new();
    private readonly StringBuilder _written = new();
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Width => 80;

    /// <summary>All that was written, control sequences included.</summary>
    public string Written
    {
        get
        {
            lock (_written)
            {
                return _written.ToString();
            }
        }
    }

    /// <summary>The lines that stay on the screen: not the row that is being typed, which is erased and drawn anew.</summary>
    public string[] Lines =>
        [.. Written.Split('\n').SkipLast(1).Select(
            static row => Sequence().Replace(row[(row.LastIndexOf("\r\e[K", StringComparison.Ordinal) + 4)..], ""))];

    public void Type(string text)
    {
        foreach (char c in text)
        {
            _keys.Enqueue(new ConsoleKeyInfo(c, c == '\n' ? ConsoleKey.Enter : ConsoleKey.None, false, false, false));
        }
    }

    public void Press(ConsoleKey key, bool control) => _keys.Enqueue(new ConsoleKeyInfo('\0', key, false, false, control));

    public bool TryReadKey(out ConsoleKeyInfo key) => _keys.TryDequeue(out key);

    public void Write(string text)
    {
        TaskCompletionSource more;
        lock (_written)
        {
            _written.Append(text);
            more = _more;
            _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        more.SetResult();
    }

    /// <summary>Waits until a text has been written.</summary>
    public async Task SeesAsync(string text)
    {
        while (true)
        {
            Task more;
            lock (_written)
            {
                if (_written.ToString().Contains(text, StringComparison.Ordinal))
                {
                    return;
                }

                more = _more.Task;
            }

            await more;
        }
    }

    [GeneratedRegex(@"\e\[[0-9;]*[A-Za-z]")]
    private static partial Regex Sequence();
}
