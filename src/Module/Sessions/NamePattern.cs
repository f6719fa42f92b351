using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Sessions;

/// <summary>
/// A name that may hold wildcards. A name is what it is before it is a pattern: one such as <c>[::1]</c>, which a socket gets from
/// its address, would match other names and never itself.
/// </summary>
internal sealed class NamePattern(string text)
{
    private readonly WildcardPattern _pattern = new(text, WildcardOptions.IgnoreCase);

    /// <summary>Whether the text is meant for several names.</summary>
    public bool HasWildcards => WildcardPattern.ContainsWildcardCharacters(text);

    /// <summary>Whether a name is meant.</summary>
    public bool IsMatch(string name)
    {
        try
        {
            return name.Equals(text, StringComparison.OrdinalIgnoreCase) || _pattern.IsMatch(name);
        }
        catch (WildcardPatternException)
        {
            // Such as a bracket that is not closed; it can still be a name.
            return false;
        }
    }

    /// <summary>Whether a name begins so, as it is typed or as a pattern.</summary>
    public static bool Begins(string name, string typed)
    {
        string word = typed.Trim('\'', '"');
        return name.StartsWith(word, StringComparison.OrdinalIgnoreCase)
            || name.StartsWith(WildcardPattern.Unescape(word), StringComparison.OrdinalIgnoreCase)
            || new NamePattern(word + "*").IsMatch(name);
    }

    /// <summary>A name as a pattern that matches it and no other.</summary>
    public static string Of(string name) => name.AsSpan().ContainsAny('*', '?') ? WildcardPattern.Escape(name) : name;
}
