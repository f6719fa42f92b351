using System.Management.Automation;
using System.Reflection;

namespace MessageWebSockets.PowerShell.Errors;

/// <summary>Objects that a peer's JSON stands for, as parts of an error.</summary>
internal static class PeerObject
{
    private static readonly MethodInfo s_toText = typeof(TerminalText).GetMethod(nameof(TerminalText.OfProperties))!;

    /// <summary>
    /// The object, with a text for those who show an error: it drives no terminal. Its properties are as they are. A string has visible
    /// escapes and its lines; hashtables are what they are.
    /// </summary>
    public static object? Shown(object? value)
    {
        if (value is string text)
        {
            return TerminalText.EscapeLines(text);
        }

        if (value is PSObject { BaseObject: PSCustomObject } shown && shown.Methods.All(static method => method is not PSCodeMethod))
        {
            shown.Methods.Add(new PSCodeMethod("ToString", s_toText));
        }

        return value;
    }
}
