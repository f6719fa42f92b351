namespace MessageWebSockets.Bench;

/// <summary>
/// What the benchmarks ask of a client. The loops are inside, so that calling through the interface costs nothing a message.
/// </summary>
/// <remarks>
/// No loop passes a cancellation token on: registering one costs time a message, and sides would pay differently for it.
/// <see cref="Abort"/> ends a loop that hangs.
/// </remarks>
internal interface IMessageClient : IAsyncDisposable
{
    public Task ConnectAsync(Uri uri);

    /// <summary>Receives that many whole messages.</summary>
    public Task ReceiveAsync(long count);

    /// <summary>Sends a binary message that many times.</summary>
    public Task SendAsync(ReadOnlyMemory<byte> message, long count);

    /// <summary>Sends a binary message, and each one that comes back again, until that many came.</summary>
    public Task EchoAsync(ReadOnlyMemory<byte> message, long count);

    /// <summary>Sends a text message and receives the next one.</summary>
    public Task<string> AskAsync(string question);

    /// <summary>Sends a message and receives one, as often as there is room for the times in microseconds.</summary>
    /// <param name="pause">The silence before each.</param>
    public Task MeasureRoundTripsAsync(ReadOnlyMemory<byte> message, Memory<double> times, TimeSpan pause);

    public void Abort();
}
