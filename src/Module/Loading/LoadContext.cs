namespace MessageWebSockets.PowerShell.Loading;

/// <summary>What the connections of one load share.</summary>
/// <param name="Plan">What they do.</param>
/// <param name="NewSocket">Makes a socket with the settings of all; may be called on any thread.</param>
/// <param name="Messages">Where their messages come from.</param>
/// <param name="Tally">Where they count.</param>
/// <param name="RoundTrips">Gets the time from when a message was due to its answer.</param>
/// <param name="Connects">Gets the time each connect took.</param>
/// <param name="Stop">Cancelled when nothing more is to be sent.</param>
internal sealed record LoadContext(
    LoadPlan Plan,
    Func<MessageWebSocket> NewSocket,
    ILoadMessages Messages,
    LoadTally Tally,
    ILatencyRecorder RoundTrips,
    ILatencyRecorder Connects,
    CancellationToken Stop);
