using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.WebSockets;

namespace MessageWebSockets.Handshake;

/// <summary>Reads the answer to the opening handshake. Its checks throw <see cref="FormatException"/> saying what is wrong.</summary>
internal sealed class HandshakeResponse(HttpResponseMessage response)
{
    public Dictionary<string, IReadOnlyList<string>> Headers()
    {
        Dictionary<string, IReadOnlyList<string>> headers = new(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, HeaderStringValues values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            headers[name] = [.. values];
        }

        return headers;
    }

    /// <summary>Checks that a 101 response is the one to this key (RFC 6455 section 4.1, the client's requirements 2 to 4).</summary>
    public void CheckUpgrade(string key)
    {
        string[] upgrade = ValuesOf("Upgrade");
        if (upgrade.Length != 1 || !upgrade[0].Equals("websocket", StringComparison.OrdinalIgnoreCase))
        {
            throw new FormatException("its 101 response lacks 'Upgrade: websocket'");
        }

        string[] connection = [.. ValuesOf("Connection").SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries))];
        if (!connection.Contains("Upgrade", StringComparer.OrdinalIgnoreCase))
        {
            throw new FormatException("its 101 response lacks 'Connection: Upgrade'");
        }

        string[] accept = ValuesOf("Sec-WebSocket-Accept");
        if (accept.Length != 1 || accept[0] != HandshakeKey.AcceptFor(key))
        {
            throw new FormatException(accept.Length == 0
                ? "its 101 response lacks Sec-WebSocket-Accept"
                : "its Sec-WebSocket-Accept does not match the key that was sent");
        }
    }

    /// <summary>The subprotocol the server chose; null for none.</summary>
    public string? AgreedProtocol(IReadOnlyList<string> offered)
    {
        string[] values = ValuesOf("Sec-WebSocket-Protocol");
        if (values.Length == 0)
        {
            return null;
        }

        string chosen = values[0];
        if (values.Length > 1 || chosen.Contains(','))
        {
            throw new FormatException("it chose more than one subprotocol");
        }

        // Case-sensitive: RFC 6455 section 4.1 compares with the strings of the request.
        return offered.Contains(chosen, StringComparer.Ordinal)
            ? chosen
            : throw new FormatException(offered.Count == 0
                ? $"it chose the subprotocol '{PeerText.SubProtocol(chosen)}' and none was offered"
                : $"it chose the subprotocol '{PeerText.SubProtocol(chosen)}', which is not one of those offered "
                    + $"({string.Join(", ", offered.Select((_, index) => PeerText.SubProtocol(offered, index)))})");
    }

    /// <summary>The compression the server agreed to; null for none.</summary>
    public WebSocketDeflateOptions? AgreedCompression(WebSocketDeflateOptions? offer) =>
        CompressionNegotiation.ReadAnswer(ValuesOf("Sec-WebSocket-Extensions"), offer);

    // As they came: the framework's typed headers pass over what they cannot read.
    private string[] ValuesOf(string name) =>
        response.Headers.NonValidated.TryGetValues(name, out HeaderStringValues values) ? [.. values.Select(value => value.Trim())] : [];
}
