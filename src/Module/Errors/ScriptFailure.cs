using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Errors;

/// <summary>What a script of the user's failed with, as it may be shown: without lines of scripts, and without secrets.</summary>
internal static class ScriptFailure
{
    /// <summary>The failure in words, on one line.</summary>
    public static string Text(Exception thrown) =>
        TerminalText.Escape(Plain(thrown, (thrown as RuntimeException)?.ErrorRecord?.ErrorDetails?.Message ?? thrown.Message));

    /// <summary>What a script threw: itself where its message may be shown.</summary>
    public static RuntimeException Shown(RuntimeException thrown)
    {
        string message = Plain(thrown, thrown.Message);
        return message == thrown.Message ? thrown : new RuntimeException(message, thrown, thrown.ErrorRecord);
    }

    /// <summary>An error that ends a script which did not throw it.</summary>
    public static RuntimeException Of(ErrorRecord error) =>
        new(Plain(error.Exception, error.ErrorDetails?.Message ?? error.Exception.Message), error.Exception, error);

    private static string Plain(Exception thrown, string text)
    {
        for (Exception? e = thrown; e is not null; e = e.InnerException)
        {
            // Its message has the line that cannot be parsed.
            if (e is ParseException { Errors.Length: > 0 } parsing)
            {
                text = text.Replace(
                    parsing.Message, string.Join(' ', parsing.Errors.Select(static error => error.Message)), StringComparison.Ordinal);
            }
        }

        return Redaction.Text(text);
    }
}
