namespace MessageWebSockets.Connections;

/// <summary>How a connection ended, for those who find out in the middle of something: all are told the same.</summary>
internal interface IConnectionEnd
{
    /// <summary>Cancelled when nothing of the connection is left.</summary>
    public CancellationToken Ended { get; }

    /// <summary>The exception for whoever is refused because of the end, once <see cref="Ended"/> is cancelled.</summary>
    public Exception Refusal();

    /// <summary>The exception for what failed, which waits a moment for the reader to find out why.</summary>
    /// <param name="symptom">What it failed with.</param>
    public ValueTask<Exception> ExplainAsync(Exception symptom);
}
