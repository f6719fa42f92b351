using System.Collections;
using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Connecting;

/// <summary>Reads request headers from a hashtable as scripts write them.</summary>
internal static class RequestHeaderTable
{
    /// <summary>Each header with its value as text; several values become one list, and null stays null.</summary>
    public static IEnumerable<KeyValuePair<string, string?>> From(IDictionary? headers)
    {
        if (headers is null)
        {
            yield break;
        }

        foreach (DictionaryEntry header in headers)
        {
            string name = header.Key.ToString() ?? "";
            yield return new KeyValuePair<string, string?>(name, ValueOf(header.Value));
        }
    }

    public static string? ValueOf(object? value) => (value is PSObject wrapped ? wrapped.BaseObject : value) switch
    {
        null => null,
        string text => text,
        IEnumerable several => string.Join(", ", several.Cast<object?>().Select(static item => LanguagePrimitives.ConvertTo<string>(item))),
        object other => LanguagePrimitives.ConvertTo<string>(other),
    };
}
