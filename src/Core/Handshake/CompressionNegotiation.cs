using System.Globalization;
using System.Net.WebSockets;
using System.Text;

namespace MessageWebSockets.Handshake;

/// <summary>The permessage-deflate offer and what may answer it (RFC 7692 section 7.1).</summary>
internal static class CompressionNegotiation
{
    private const string Extension = "permessage-deflate";
    private const string ServerBits = "server_max_window_bits";
    private const string ClientBits = "client_max_window_bits";
    private const string ServerNoTakeover = "server_no_context_takeover";
    private const string ClientNoTakeover = "client_no_context_takeover";
    private const int DefaultBits = 15;

    // What zlib can compress with; 8, which the RFC allows too, it cannot.
    private const int SmallestCompressBits = 9;

    /// <summary>The value of Sec-WebSocket-Extensions.</summary>
    public static string CreateOffer(WebSocketDeflateOptions options)
    {
        StringBuilder offer = new(Extension);
        offer.Append("; ").Append(ClientBits);
        if (options.ClientMaxWindowBits != DefaultBits)
        {
            offer.Append(CultureInfo.InvariantCulture, $"={options.ClientMaxWindowBits}");
        }

        if (options.ServerMaxWindowBits != DefaultBits)
        {
            offer.Append(CultureInfo.InvariantCulture, $"; {ServerBits}={options.ServerMaxWindowBits}");
        }

        if (!options.ClientContextTakeover)
        {
            offer.Append("; ").Append(ClientNoTakeover);
        }

        if (!options.ServerContextTakeover)
        {
            offer.Append("; ").Append(ServerNoTakeover);
        }

        return offer.ToString();
    }

    /// <summary>Reads the server's answer.</summary>
    /// <param name="values">The values of Sec-WebSocket-Extensions in the response.</param>
    /// <param name="offer">What was offered; null for nothing.</param>
    /// <returns>The agreed parameters; null for no compression.</returns>
    /// <exception cref="FormatException">The answer is not one that the offer allows; the message says why.</exception>
    public static WebSocketDeflateOptions? ReadAnswer(IEnumerable<string> values, WebSocketDeflateOptions? offer)
    {
        string[] extensions = [.. values.SelectMany(v => v.Split(',')).Select(v => v.Trim()).Where(v => v.Length > 0)];
        if (extensions.Length == 0)
        {
            return null;
        }

        if (offer is null || extensions.Length > 1)
        {
            throw new FormatException(offer is null
                ? $"it uses the extension '{extensions[0]}', which was not offered"
                : "it answers one extension offer with several");
        }

        string[] parts = [.. extensions[0].Split(';').Select(p => p.Trim())];
        if (!parts[0].Equals(Extension, StringComparison.OrdinalIgnoreCase))
        {
            throw new FormatException($"it uses the extension '{parts[0]}', which was not offered");
        }

        WebSocketDeflateOptions agreed = new()
        {
            ClientContextTakeover = offer.ClientContextTakeover,
            ClientMaxWindowBits = offer.ClientMaxWindowBits,
            ServerMaxWindowBits = DefaultBits,
        };
        HashSet<string> seen = new(StringComparer.OrdinalIgnoreCase);
        foreach (string part in parts.Skip(1))
        {
            string[] pair = part.Split('=', 2);
            string name = pair[0].Trim();
            string? value = pair.Length == 2 ? Unquoted(pair[1].Trim()) : null;
            if (!seen.Add(name))
            {
                throw new FormatException($"its {Extension} answer has {name} twice");
            }

            ReadParameter(name, value, offer, agreed);
        }

        if (!offer.ServerContextTakeover && agreed.ServerContextTakeover)
        {
            throw new FormatException($"its {Extension} answer lacks the requested {ServerNoTakeover}");
        }

        if (offer.ServerMaxWindowBits != DefaultBits && !seen.Contains(ServerBits))
        {
            throw new FormatException($"its {Extension} answer lacks the requested {ServerBits}");
        }

        return agreed;
    }

    private static void ReadParameter(string name, string? value, WebSocketDeflateOptions offer, WebSocketDeflateOptions agreed)
    {
        switch (name.ToLowerInvariant())
        {
            case ServerNoTakeover when value is null:
                agreed.ServerContextTakeover = false;
                break;
            case ClientNoTakeover when value is null:
                agreed.ClientContextTakeover = false;
                break;
            case ServerBits:
                int serverBits = ReadBits(name, value);
                if (serverBits > offer.ServerMaxWindowBits)
                {
                    throw new FormatException(
                        $"its {ServerBits} of {serverBits} is above the {offer.ServerMaxWindowBits} that were offered");
                }

                // Decompressing with a larger window than was used is always right; zlib has none of 8.
                agreed.ServerMaxWindowBits = Math.Max(serverBits, SmallestCompressBits);
                break;
            case ClientBits:
                int clientBits = ReadBits(name, value);
                if (clientBits > offer.ClientMaxWindowBits)
                {
                    throw new FormatException(
                        $"its {ClientBits} of {clientBits} is above the {offer.ClientMaxWindowBits} that were offered");
                }

                if (clientBits < SmallestCompressBits)
                {
                    throw new FormatException(
                        $"its {ClientBits} of {clientBits} is below {SmallestCompressBits}, "
                        + "the smallest window that can be compressed with here");
                }

                agreed.ClientMaxWindowBits = clientBits;
                break;
            default:
                throw new FormatException($"its {Extension} answer has the unknown or malformed parameter '{name}'");
        }
    }

    // RFC 6455 section 9.1: a value may be a quoted string.
    private static string Unquoted(string value) => value is ['"', .. var inner, '"'] ? inner : value;

    private static int ReadBits(string name, string? value) =>
        value is { Length: 1 or 2 } && value[0] != '0'
        && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int bits) && bits is >= 8 and <= DefaultBits
            ? bits
            : throw new FormatException($"its {name} is not a number from 8 to 15");
}
