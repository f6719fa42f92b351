namespace MessageWebSockets;

/// <summary>How long each stage of a connect took; a stage that was not reached or not needed is null.</summary>
/// <param name="NameResolution">Resolving the host name; null for an address literal or a Unix socket.</param>
/// <param name="Tcp">Opening the transport connection.</param>
/// <param name="Tls">The TLS handshake with its certificate validation; null for ws://.</param>
/// <param name="Upgrade">From the HTTP request to its answer.</param>
/// <param name="Total">The whole connect, redirects included.</param>
public sealed record ConnectTimings(
    TimeSpan? NameResolution,
    TimeSpan? Tcp,
    TimeSpan? Tls,
    TimeSpan? Upgrade,
    TimeSpan Total);
