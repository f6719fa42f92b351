namespace MessageWebSockets.PowerShell.Loading;

/// <summary>What a load consists of.</summary>
/// <param name="Uri">The address.</param>
/// <param name="Mode">What the connections do.</param>
/// <param name="Connections">How many there are.</param>
/// <param name="Ramp">Over what time they are opened; zero opens them as fast as they can be and lets them begin together.</param>
/// <param name="Duration">How long the load lasts once they are open.</param>
/// <param name="RatePerConnection">How many messages a second each sends, whatever comes back; null lets each wait for its answer.</param>
/// <param name="ThinkTime">How long a connection without a rate waits after an answer.</param>
/// <param name="Patience">How long to wait for a connect, and at the end for the last answers and closes; infinite for no limit.</param>
internal sealed record LoadPlan(
    Uri Uri,
    WsLoadMode Mode,
    int Connections,
    TimeSpan Ramp,
    TimeSpan Duration,
    double? RatePerConnection,
    TimeSpan ThinkTime,
    TimeSpan Patience);
