namespace MessageWebSockets;

/// <summary>
/// How long each stage of a connect took; a stage that was not completed or not needed is null. After a failed connect the stages
/// before the failure are there.
/// </summary>
/// <param name="NameResolution">Resolving the host name; null for an address literal or a Unix socket.</param>
/// <param name="Tcp">Opening the transport connection.</param>
/// <param name="Tls">The TLS handshake with its certificate validation, also where that refused the certificate; null for ws://.</param>
/// <param name="Upgrade">From the HTTP request to its answer.</param>
/// <param name="Total">The whole connect, redirects included, to its success or failure.</param>
public sealed record ConnectTimings(
    TimeSpan? NameResolution,
    TimeSpan? Tcp,
    TimeSpan? Tls,
    TimeSpan? Upgrade,
    TimeSpan Total);
