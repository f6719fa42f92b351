using System.Collections;
using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Views;

/// <summary>Objects that a peer's JSON stands for, with visible escapes in every text of theirs, however deep.</summary>
internal static class EscapedValue
{
    /// <summary>The value itself where no text in it needs an escape, else a copy with escapes. Texts keep their lines.</summary>
    /// <param name="value">What was read of JSON, which is no deeper than PowerShell reads it.</param>
    public static object? Of(object? value) => NeedsEscapes(value) ? Copy(value) : value;

    private static bool NeedsEscapes(object? value) => Bare(value) switch
    {
        string text => TerminalText.EscapeLines(text) != text,
        IDictionary table => table.Keys.Cast<object?>().Any(NeedsEscapes) || table.Values.Cast<object?>().Any(NeedsEscapes),
        IList list => list.Cast<object?>().Any(NeedsEscapes),
        PSCustomObject => ((PSObject)value!).Properties.Any(
            static property => NeedsEscapes(property.Name) || NeedsEscapes(property.Value)),
        _ => false,
    };

    private static object? Copy(object? value) => Bare(value) switch
    {
        string text => TerminalText.EscapeLines(text),
        Hashtable table => CopyOf(table),
        IList list => list.Cast<object?>().Select(Copy).ToArray(),
        PSCustomObject => CopyOf((PSObject)value!),
        _ => value,
    };

    private static Hashtable CopyOf(Hashtable table)
    {
        // The one that PowerShell makes of JSON keeps the order, and only a clone of it is another such.
        Hashtable copy = (Hashtable)table.Clone();
        copy.Clear();
        foreach (object key in table.Keys)
        {
            copy[Copy(key)!] = Copy(table[key]);
        }

        return copy;
    }

    private static PSObject CopyOf(PSObject value)
    {
        PSObject copy = new();
        foreach (PSPropertyInfo property in value.Properties)
        {
            // Two names may differ in nothing but how they are written.
            string name = TerminalText.EscapeLines(property.Name);
            copy.Properties.Remove(name);
            copy.Properties.Add(new PSNoteProperty(name, Copy(property.Value)));
        }

        return copy;
    }

    private static object? Bare(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}
