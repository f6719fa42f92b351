using System.Net.Http;

namespace MessageWebSockets.Handshake;

/// <summary>A connection on which nothing has been said yet; proxies and TLS are behind it. Ends when it is disposed.</summary>
internal sealed class BareConnection : IDisposable
{
    private readonly TransportStream _transport;
    private readonly HttpMessageHandler _handler;
    private readonly CancellationTokenSource _ended;

    /// <param name="stream">What the server reads and writes.</param>
    /// <param name="transport">The transport below TLS and proxies.</param>
    /// <param name="findings">What opening it found out.</param>
    /// <param name="handler">What opened it, and still owns it.</param>
    /// <param name="asking">The request that is never sent.</param>
    /// <param name="ended">Ends that request.</param>
    public BareConnection(
        Stream stream,
        TransportStream transport,
        HandshakeFindings findings,
        HttpMessageHandler handler,
        Task<HttpResponseMessage> asking,
        CancellationTokenSource ended)
    {
        Stream = stream;
        Findings = findings;
        _transport = transport;
        _handler = handler;
        _ended = ended;

        // It ends in an exception that nobody waits for.
        _ = asking.ContinueWith(
            static asked => asked.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    public Stream Stream { get; }

    public HandshakeFindings Findings { get; }

    /// <summary>Whether the peer reset the connection.</summary>
    public bool WasReset => _transport.WasReset;

    public void Dispose()
    {
        _ended.Cancel();
        _transport.Dispose();
        Stream.Dispose();
        _handler.Dispose();
        _ended.Dispose();
    }
}
