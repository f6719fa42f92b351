namespace MessageWebSockets.Tests.Connections;

/// <summary>An end of a connection that the test tells of.</summary>
internal sealed class FixedEnd : IConnectionEnd, IDisposable
{
    private readonly CancellationTokenSource _ended = new();

    public CancellationToken Ended => _ended.Token;

    /// <summary>What was asked to be explained.</summary>
    public List<Exception> Symptoms { get; } = [];

    public void End() => _ended.Cancel();

    public Exception Refusal() => new InvalidTimeZoneException("refused");

    public async ValueTask<Exception> ExplainAsync(Exception symptom)
    {
        Symptoms.Add(symptom);

        // It takes a moment, as finding out why does.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        return new InvalidTimeZoneException("explained");
    }

    public void Dispose() => _ended.Dispose();
}
