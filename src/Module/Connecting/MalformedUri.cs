namespace MessageWebSockets.PowerShell.Connecting;

/// <summary>A text that is no address at all, in the place of one: a list of endpoints is worked off in spite of its wrong lines.</summary>
internal sealed class MalformedUri(string given) : Uri("malformed:", UriKind.Absolute)
{
    public string Given => given;

    /// <summary>An address as it was given.</summary>
    public static string TextOf(Uri? uri) => uri switch
    {
        null => "",
        MalformedUri malformed => malformed.Given,
        _ => uri.OriginalString,
    };
}
