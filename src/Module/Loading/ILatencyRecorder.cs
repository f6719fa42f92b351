namespace MessageWebSockets.PowerShell.Loading;

/// <summary>Collects latencies from any number of threads.</summary>
internal interface ILatencyRecorder
{
    /// <summary>Adds a value in microseconds; one below 1 or above an hour counts as that.</summary>
    public void Record(long microseconds);

    /// <summary>
    /// As the other one, of what happens at an interval: a value that is longer stands for those that it kept from being measured, each an
    /// interval shorter than the one before.
    /// </summary>
    public void Record(long microseconds, long expectedInterval);

    /// <summary>What was recorded since this was last asked for; for one thread.</summary>
    public ILatencyHistogram TakeInterval();
}
