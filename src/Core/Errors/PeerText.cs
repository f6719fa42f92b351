namespace MessageWebSockets;

/// <summary>Makes what concerns a peer fit to stand in a message: without secrets, and without what could steer a terminal.</summary>
internal static class PeerText
{
    private const int MostCharacters = 200;

    /// <summary>An address as messages name it. Its query is left out: servers take tokens there.</summary>
    public static string Name(Uri uri)
    {
        string address = uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
        return uri.Query.Length > 0 ? $"{address}?..." : address;
    }

    /// <summary>Text that a peer chose, with its control characters replaced and its length bounded.</summary>
    public static string Clean(string text)
    {
        string bounded = text.Length > MostCharacters ? string.Concat(text.AsSpan(0, MostCharacters), "...") : text;
        return string.Concat(bounded.Select(c => char.IsControl(c) ? '\uFFFD' : c));
    }
}
