using System.Management.Automation;
using System.Reflection;

namespace MessageWebSockets.PowerShell.Errors;

/// <summary>Objects that a peer's JSON stands for, as parts of an error.</summary>
internal static class PeerObject
{
    private static readonly MethodInfo s_toText = typeof(TerminalText).GetMethod(nameof(TerminalText.OfProperties))!;

    /// <summary>
    /// The value for who shows it as a part of something else: it drives no terminal. An object has a text for that, and its properties
    /// are as they are. Of lists, hashtables and strings each text is shown by itself, and has visible escapes.
    /// </summary>
    public static object? Shown(object? value)
    {
        if (value is not PSObject { BaseObject: PSCustomObject } shown)
        {
            return TerminalText.EscapeValues(value);
        }

        if (shown.Methods.All(static method => method is not PSCodeMethod))
        {
            shown.Methods.Add(new PSCodeMethod("ToString", s_toText));
        }

        return value;
    }
}
