using System.Net;
using System.Net.Http;
using System.Security.Cryptography;

namespace MessageWebSockets.Handshake;

/// <summary>Writes the request of the opening handshake.</summary>
internal static class HandshakeRequest
{
    /// <summary>A new Sec-WebSocket-Key (RFC 6455 section 4.1).</summary>
    public static string CreateKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));

    /// <param name="settings">What to offer.</param>
    /// <param name="uri">The ws:// or wss:// address.</param>
    /// <param name="key">The Sec-WebSocket-Key.</param>
    /// <param name="isEntrusted">Whether the user's own headers go along.</param>
    public static HttpRequestMessage Create(HandshakeSettings settings, Uri uri, string key, bool isEntrusted)
    {
        HttpRequestMessage request = settings.HttpVersion == HttpVersion.Version20 ? ExtendedConnect(uri) : Upgrade(uri, key);
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Version", "13");
        if (settings.Protocols.Count > 0)
        {
            request.Headers.TryAddWithoutValidation("Sec-WebSocket-Protocol", string.Join(", ", settings.Protocols));
        }

        if (settings.Compression is { } compression)
        {
            request.Headers.TryAddWithoutValidation("Sec-WebSocket-Extensions", CompressionNegotiation.CreateOffer(compression));
        }

        // Any header may carry a secret, and only some are known by name: another host gets none of them.
        if (isEntrusted)
        {
            foreach ((string name, string value) in settings.RequestHeaders.Values.Where(static header => !IsHost(header.Key)))
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return request;
    }

    /// <summary>
    /// Adds the user's Host header, on a connection that stands. In the request from the start the framework would take it for the name
    /// of the server, in TLS as well: for the name that the server is asked for and that its certificate is checked for.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="settings">Where the user's headers are.</param>
    /// <param name="isEntrusted">Whether they go along.</param>
    public static void AddHost(HttpRequestMessage request, HandshakeSettings settings, bool isEntrusted)
    {
        if (!isEntrusted)
        {
            return;
        }

        foreach ((string name, string value) in settings.RequestHeaders.Values.Where(static header => IsHost(header.Key)))
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }
    }

    private static bool IsHost(string name) => name.Equals("Host", StringComparison.OrdinalIgnoreCase);

    private static HttpRequestMessage Upgrade(Uri uri, string key)
    {
        // The ws scheme stays in the request: rewritten to http it would lose its upgrade in an HTTP proxy.
        HttpRequestMessage request =
            new(HttpMethod.Get, uri) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        request.Headers.TryAddWithoutValidation("Upgrade", "websocket");
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", key);
        return request;
    }

    private static HttpRequestMessage ExtendedConnect(Uri uri)
    {
        HttpRequestMessage request =
            new(HttpMethod.Connect, uri) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Protocol = "websocket";
        return request;
    }
}
