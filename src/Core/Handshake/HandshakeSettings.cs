using System.Net;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.Handshake;

/// <summary>What every attempt of one connect works with: a copy, because the user's settings may change at any time.</summary>
internal sealed record HandshakeSettings
{
    /// <summary>The headers the user adds.</summary>
    public required RequestHeaders RequestHeaders { get; init; }

    /// <summary>The subprotocols to offer.</summary>
    public required IReadOnlyList<string> Protocols { get; init; }

    /// <summary>Whether a server that agrees to none of them is refused.</summary>
    public bool RequiresProtocol { get; init; }

    /// <summary>Asks the user's handlers about the server certificate, and gives whether they accept it; null without handlers.</summary>
    public Func<HandshakeFindings, CancellationToken, Task<bool>>? CustomValidation { get; init; }

    /// <summary>1.1 or 2.0.</summary>
    public required Version HttpVersion { get; init; }

    /// <summary>The compression to offer; null for none.</summary>
    public WebSocketDeflateOptions? Compression { get; init; }

    /// <summary>How many redirects are followed.</summary>
    public int MaximumRedirection { get; init; }

    public CookieContainer? Cookies { get; init; }

    public ICredentials? ServerCredential { get; init; }

    public bool UseProxy { get; init; }

    /// <summary>The proxy; null for the system's.</summary>
    public Uri? Proxy { get; init; }

    public ICredentials? ProxyCredential { get; init; }

    /// <summary>Where to connect in place of the address's host; null for there.</summary>
    public string? UnixSocketPath { get; init; }

    /// <summary>In bytes; 0 for the system's default.</summary>
    public uint OutboundBufferSizeInBytes { get; init; }

    /// <summary>TCP_NODELAY: whether small writes leave at once.</summary>
    public bool NoDelay { get; init; } = true;

    public X509Certificate2? ClientCertificate { get; init; }

    public required IReadOnlyList<ChainValidationResult> IgnorableServerCertificateErrors { get; init; }

    public required IReadOnlyList<string> PinnedCertificateSha256 { get; init; }

    public SslProtocols SslProtocols { get; init; }

    /// <summary>The roots to trust in place of the system's; null for those.</summary>
    public X509Certificate2Collection? TrustedRoots { get; init; }

    public X509RevocationMode RevocationMode { get; init; }

    /// <summary>
    /// The settings for an address that a redirect from another origin led to: a subprotocol that carries a token is not offered there.
    /// </summary>
    public HandshakeSettings ForAnotherOrigin() =>
        this with { Protocols = [.. Protocols.Where((_, index) => !PeerText.CarriesToken(Protocols, index))] };
}
