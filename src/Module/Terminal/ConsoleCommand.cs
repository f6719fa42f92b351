using System.Globalization;
using MessageWebSockets.Framing;

namespace MessageWebSockets.PowerShell.Terminal;

/// <summary>A line that was entered: a text to send, or a command that begins with a slash.</summary>
/// <param name="Name">The command without its slash, in lower case; empty for a text, / where none is named.</param>
/// <param name="Argument">What follows the command; the text itself where there is none.</param>
internal sealed record ConsoleCommand(string Name, string Argument)
{
    /// <summary>Every command, with what it takes and does.</summary>
    public static readonly IReadOnlyList<(string Command, string Meaning)> All =
    [
        ("/ping", "sends a ping and tells how long the pong took"),
        ("/pong", "sends a pong that nobody asked for"),
        ("/headers", "shows what the server answered to the handshake"),
        ("/close [code [reason]]", "closes the connection and leaves"),
        ("/quit", "leaves, as Ctrl+D does"),
        ("/help", "shows this"),
        ("//text", "sends a text that begins with a slash"),
    ];

    public static ConsoleCommand Parse(string line)
    {
        if (!line.StartsWith('/'))
        {
            return new ConsoleCommand("", line);
        }

        if (line.StartsWith("//", StringComparison.Ordinal))
        {
            return new ConsoleCommand("", line[1..]);
        }

        string[] parts = line[1..].Split(' ', 2, StringSplitOptions.TrimEntries);
        string name = parts[0].Length > 0 ? parts[0].ToLowerInvariant() : "/";
        return new ConsoleCommand(name, parts.Length > 1 ? parts[1] : "");
    }

    /// <summary>Reads the argument of /close.</summary>
    /// <exception cref="FormatException">The code or the reason cannot be sent; the message says why.</exception>
    public (ushort? Code, string Reason) CloseArguments()
    {
        string[] parts = Argument.Split(' ', 2, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0)
        {
            return (null, "");
        }

        if (!ushort.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out ushort code)
            || MessageWebSockets.CloseArguments.RefusalOfCode(code) is not null)
        {
            throw new FormatException($"'{TerminalText.Escape(parts[0])}' is no close code that can be sent: {CloseFrame.Sendable}.");
        }

        string reason = parts.Length > 1 ? parts[1] : "";
        return MessageWebSockets.CloseArguments.RefusalOfReason(reason) is { } refusal
            ? throw new FormatException($"{refusal}.")
            : (code, reason);
    }
}
