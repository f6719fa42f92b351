using System.Collections;
using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Views;

/// <summary>Objects that a peer's JSON stands for, with visible escapes in every text of theirs, however deep.</summary>
/// <param name="escape">Makes what needs an escape visible in a text.</param>
internal sealed class EscapedValue(Func<string, string> escape)
{
    /// <summary>The value itself where no text in it needs an escape, else a copy with escapes.</summary>
    /// <param name="value">What was read of JSON, which is no deeper than PowerShell reads it.</param>
    public object? Of(object? value) => NeedsEscapes(value) ? Copy(value) : value;

    private bool NeedsEscapes(object? value) => Bare(value) switch
    {
        string text => escape(text) != text,
        Hashtable table => table.Keys.Cast<object?>().Any(NeedsEscapes) || table.Values.Cast<object?>().Any(NeedsEscapes),
        IList list => list.Cast<object?>().Any(NeedsEscapes),
        PSCustomObject => ((PSObject)value!).Properties.Any(
            property => NeedsEscapes(property.Name) || NeedsEscapes(property.Value)),
        _ => false,
    };

    private object? Copy(object? value) => Bare(value) switch
    {
        string text => escape(text),
        Hashtable table => CopyOf(table),
        IList list => list.Cast<object?>().Select(Copy).ToArray(),
        PSCustomObject => CopyOf((PSObject)value!),
        _ => value,
    };

    private Hashtable CopyOf(Hashtable table)
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

    private PSObject CopyOf(PSObject value)
    {
        PSObject copy = new();
        foreach (PSPropertyInfo property in value.Properties)
        {
            // Two names may differ in nothing but how they are written.
            string name = escape(property.Name);
            copy.Properties.Remove(name);
            copy.Properties.Add(new PSNoteProperty(name, Copy(property.Value)));
        }

        return copy;
    }

    private static object? Bare(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}
