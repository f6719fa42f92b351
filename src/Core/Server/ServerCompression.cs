using System.Globalization;
using System.Net.WebSockets;

namespace MessageWebSockets.Server;

/// <summary>A server's half of the negotiation of permessage-deflate (RFC 7692 section 7.1).</summary>
/// <param name="Agreed">What was agreed on.</param>
/// <param name="Answer">The value of Sec-WebSocket-Extensions that says so.</param>
internal sealed record ServerCompression(WebSocketDeflateOptions Agreed, string Answer)
{
    private const string Extension = "permessage-deflate";
    private const string ServerBits = "server_max_window_bits";
    private const string ClientBits = "client_max_window_bits";
    private const string ServerNoTakeover = "server_no_context_takeover";
    private const string ClientNoTakeover = "client_no_context_takeover";
    private const int LargestBits = 15;
    private const int SmallestBits = 8;

    // What zlib can compress with; an offer that asks the server for 8 is declined.
    private const int SmallestCompressBits = 9;

    /// <summary>Agrees to the first offer that can be met.</summary>
    /// <param name="offers">What the client offers, what it likes best first.</param>
    /// <param name="own">What this server agrees to at most; null for nothing.</param>
    /// <returns>Null for no compression.</returns>
    public static ServerCompression? Choose(IEnumerable<ExtensionOffer> offers, WebSocketDeflateOptions? own) =>
        own is null ? null : offers.Select(offer => TryAgree(offer, own)).FirstOrDefault(static agreed => agreed is not null);

    private static ServerCompression? TryAgree(ExtensionOffer offer, WebSocketDeflateOptions own)
    {
        if (!offer.Name.Equals(Extension, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        Dictionary<string, string?> parameters = new(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, string? value) in offer.Parameters)
        {
            // One that is unknown, comes twice or has no proper value makes the offer one to decline (RFC 7692 section 7.1).
            bool isProper = name.ToLowerInvariant() switch
            {
                ServerNoTakeover or ClientNoTakeover => value is null,
                ServerBits => Bits(value) >= SmallestCompressBits,
                ClientBits => value is null || Bits(value) >= SmallestBits,
                _ => false,
            };
            if (!isProper || !parameters.TryAdd(name, value))
            {
                return null;
            }
        }

        WebSocketDeflateOptions agreed = new()
        {
            ServerContextTakeover = own.ServerContextTakeover && !parameters.ContainsKey(ServerNoTakeover),
            ClientContextTakeover = own.ClientContextTakeover && !parameters.ContainsKey(ClientNoTakeover),
            ServerMaxWindowBits = Math.Min(own.ServerMaxWindowBits, Bits(parameters.GetValueOrDefault(ServerBits)) ?? LargestBits),
        };

        // A client that does not offer it cannot be asked for less (RFC 7692 section 7.1.2.2); decompressing with a larger window than
        // was used is always right.
        int clientBits = Math.Min(own.ClientMaxWindowBits, Bits(parameters.GetValueOrDefault(ClientBits)) ?? LargestBits);
        bool limitsClient = parameters.ContainsKey(ClientBits) && clientBits is < LargestBits and >= SmallestCompressBits;
        agreed.ClientMaxWindowBits = limitsClient ? clientBits : LargestBits;
        return new ServerCompression(agreed, Describe(agreed, parameters.ContainsKey(ServerBits), limitsClient));
    }

    private static string Describe(WebSocketDeflateOptions agreed, bool namesServerBits, bool limitsClient)
    {
        List<string> parts = [Extension];
        if (!agreed.ServerContextTakeover)
        {
            parts.Add(ServerNoTakeover);
        }

        if (!agreed.ClientContextTakeover)
        {
            parts.Add(ClientNoTakeover);
        }

        if (namesServerBits || agreed.ServerMaxWindowBits < LargestBits)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{ServerBits}={agreed.ServerMaxWindowBits}"));
        }

        if (limitsClient)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{ClientBits}={agreed.ClientMaxWindowBits}"));
        }

        return string.Join("; ", parts);
    }

    // Null for what is no number from 8 to 15 without a leading zero.
    private static int? Bits(string? value) =>
        value is { Length: 1 or 2 } && value[0] != '0' && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int bits)
        && bits is >= SmallestBits and <= LargestBits
            ? bits
            : null;
}
