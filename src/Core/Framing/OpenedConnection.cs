using System.Net.Http;
using System.Net.WebSockets;

namespace MessageWebSockets.Framing;

/// <summary>What a successful handshake leaves to the connection.</summary>
/// <param name="Stream">The stream that now carries frames.</param>
/// <param name="Handler">
/// What the stream goes through, to be disposed with the connection; null where the stream is all there is.
/// </param>
/// <param name="Protocol">The agreed subprotocol; null for none.</param>
/// <param name="Compression">The agreed compression; null for none.</param>
internal sealed record OpenedConnection(Stream Stream, HttpMessageHandler? Handler, string? Protocol, WebSocketDeflateOptions? Compression)
{
    /// <summary>The transport below TLS and proxies; null when there is none to ask.</summary>
    public TransportStream? Transport { get; init; }

    /// <summary>
    /// Whether the stream is one of HTTP/2, which holds back what the peer has no window for: then nobody below knows what it takes.
    /// </summary>
    public bool IsHttp2 { get; init; }
}
