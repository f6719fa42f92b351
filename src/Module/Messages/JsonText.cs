using System.Management.Automation;
using System.Text;
using MessageWebSockets.Errors;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>Reads JSON into the objects that ConvertFrom-Json makes of it.</summary>
internal static class JsonText
{
    // Some messages of the parser repeat the text.
    private const int LongestReason = 500;

    /// <summary>The objects a JSON text stands for.</summary>
    /// <param name="json">The methods that read it.</param>
    /// <param name="utf8">The text.</param>
    /// <param name="asHashtable">Whether objects become hashtables, as with -AsHashtable.</param>
    /// <exception cref="FormatException">The text is no JSON, or has names that a PowerShell object cannot hold.</exception>
    public static object? Read(PowerShellJson json, ReadOnlySpan<byte> utf8, bool asHashtable)
    {
        object? value;
        ErrorRecord? error;
        try
        {
            value = json.Read(StrictUtf8.Encoding.GetString(utf8), asHashtable, out error);
        }
        catch (DecoderFallbackException e)
        {
            throw new FormatException("It is not UTF-8.", e);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Of many types: it makes dates, numbers and properties of what the server wrote.
            throw new FormatException(Short(e.Message), e);
        }

        return error is null ? value : throw new FormatException(Short(error.Exception.Message), error.Exception);
    }

    private static string Short(string reason) =>
        reason.Length <= LongestReason ? reason : string.Concat(reason.AsSpan(0, LongestReason), "…");
}
