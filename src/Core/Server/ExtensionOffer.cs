using System.Diagnostics.CodeAnalysis;

namespace MessageWebSockets.Server;

/// <summary>One extension that a client offers (RFC 6455 section 9.1).</summary>
/// <param name="Name">The name of the extension.</param>
/// <param name="Parameters">Its parameters in their order; a value is null where there is none, and without the quotes it may have
/// had.</param>
internal sealed record ExtensionOffer(string Name, IReadOnlyList<KeyValuePair<string, string?>> Parameters)
{
    /// <summary>Reads the values of Sec-WebSocket-Extensions, what the client likes best first.</summary>
    /// <returns>False when they are no list of extensions, which a server must not pass over.</returns>
    public static bool TryReadAll(IEnumerable<string> values, [NotNullWhen(true)] out List<ExtensionOffer>? offers)
    {
        offers = [];
        string text = string.Join(',', values);
        int at = 0;
        while (true)
        {
            // A list may have empty members (RFC 9110 section 5.6.1).
            while (at < text.Length && text[at] is ',' or ' ' or '\t')
            {
                at++;
            }

            if (at == text.Length)
            {
                return true;
            }

            if (!TryRead(text, ref at, out ExtensionOffer? offer))
            {
                offers = null;
                return false;
            }

            offers.Add(offer);
        }
    }

    private static bool TryRead(string text, ref int at, [NotNullWhen(true)] out ExtensionOffer? offer)
    {
        offer = null;
        if (ReadToken(text, ref at) is not { } name)
        {
            return false;
        }

        List<KeyValuePair<string, string?>> parameters = [];
        while (Skip(text, ref at, ';'))
        {
            if (ReadToken(text, ref at) is not { } parameter)
            {
                return false;
            }

            string? value = null;
            if (Skip(text, ref at, '=') && (value = ReadValue(text, ref at)) is null)
            {
                return false;
            }

            parameters.Add(new(parameter, value));
        }

        SkipSpace(text, ref at);
        offer = new ExtensionOffer(name, parameters);
        return at == text.Length || text[at] == ',';
    }

    private static string? ReadValue(string text, ref int at)
    {
        if (!Skip(text, ref at, '"'))
        {
            return ReadToken(text, ref at);
        }

        // Between the quotes there is a token as well (RFC 6455 section 9.1), so that nothing is escaped that has to be.
        int end = text.IndexOf('"', at);
        string? value = end > at && HttpToken.IsValid(text.AsSpan(at, end - at)) ? text[at..end] : null;
        at = end + 1;
        return value;
    }

    private static string? ReadToken(string text, ref int at)
    {
        SkipSpace(text, ref at);
        int start = at;
        while (at < text.Length && HttpToken.IsValid(text.AsSpan(at, 1)))
        {
            at++;
        }

        return at > start ? text[start..at] : null;
    }

    private static bool Skip(string text, ref int at, char c)
    {
        SkipSpace(text, ref at);
        if (at < text.Length && text[at] == c)
        {
            at++;
            return true;
        }

        return false;
    }

    private static void SkipSpace(string text, ref int at)
    {
        while (at < text.Length && text[at] is ' ' or '\t')
        {
            at++;
        }
    }
}
