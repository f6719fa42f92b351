using System.Net.WebSockets;

namespace MessageWebSockets.Connections;

/// <summary>What one connection holds, to be let go once: at once, or when the last bytes had their time.</summary>
/// <remarks>
/// Thread-safe, but for <see cref="Hold"/>, which comes before all else, and <see cref="ReadToTheEndAsync"/>, which is the receive loop's.
/// </remarks>
internal sealed class ConnectionResources
{
    // How long the two sides may take over the last bytes once a close frame is on its way, unless CloseTimeout is shorter.
    private static readonly TimeSpan LongestLinger = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LastWords = TimeSpan.FromMilliseconds(250);

    private readonly ConnectionState _state;
    private readonly FrameWriter _writer;
    private readonly OpenedConnection _opened;
    private readonly TimeSpan _linger;
    private readonly List<IDisposable> _held = [];
    private Task? _readToTheEnd;

    /// <param name="state">The connection's state.</param>
    /// <param name="opened">What the handshake gave it.</param>
    public ConnectionResources(ConnectionState state, OpenedConnection opened)
    {
        _state = state;
        _writer = state.Transport.Writer;
        _opened = opened;
        TimeSpan closeTimeout = state.Settings.CloseTimeout;
        _linger = closeTimeout > TimeSpan.Zero && closeTimeout < LongestLinger ? closeTimeout : LongestLinger;
    }

    /// <summary>Adds something to dispose with the connection.</summary>
    public T Hold<T>(T held)
        where T : IDisposable
    {
        _held.Add(held);
        return held;
    }

    /// <summary>Lets go of everything.</summary>
    /// <param name="reason">What whoever still waits is told; null for the end of the connection as such.</param>
    public void Release(Exception? reason)
    {
        if (!_state.TryEnd())
        {
            return;
        }

        ExitFlush.Remove(_state.Transport);
        _state.Transport.Abort(reason);
        _held.ForEach(static held => held.Dispose());
        _opened.Handler?.Dispose();
        _state.OnReleased();
    }

    /// <summary>Lets go when the peer has ended TCP, or took too long. For whoever read last.</summary>
    public async Task ReleaseAtTcpEndAsync(Exception? reason)
    {
        // RFC 6455 section 7.1.1: the server ends TCP first; a client waits for that, but not for ever. Reading on also keeps the
        // system from answering late data with a reset, which could overtake the close frame.
        await LingerAsync(ExchangeLastBytesAsync()).ConfigureAwait(false);
        Release(reason);
    }

    /// <summary>Lets go when the connection has ended by itself, or took too long.</summary>
    public async Task ReleaseAfterLingerAsync()
    {
        if (!await LingerAsync(_state.Released).ConfigureAwait(false))
        {
            // A peer that has said so is known already.
            _state.OnUnanswered(_state.Failures.Unanswered(_linger, new TimeoutException()));
        }

        Release(null);
    }

    /// <summary>Waits until what was sent is with the network, as long as the peer takes it.</summary>
    public Task WhenSentAsync() => LingerAsync(_writer.DrainAsync(_state.Ended));

    /// <summary>Waits until what was sent is with the network, as long as the peer takes it and for a moment at most.</summary>
    public async ValueTask WhenLastWordsAreOutAsync()
    {
        using CancellationTokenSource patience = new(LastWords);
        try
        {
            await _writer.DrainAsync(patience.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (MessageSender.IsConnectionError(e))
        {
            // A connection that is broken already is closed without an error.
        }
    }

    /// <summary>Drops what still comes, until the peer ends TCP. For whoever read last; once, however often it is asked for.</summary>
    public Task ReadToTheEndAsync() => _readToTheEnd ??= ReadOnAsync();

    private async Task ExchangeLastBytesAsync()
    {
        await _writer.DrainAsync(_state.Ended).ConfigureAwait(false);
        await ReadToTheEndAsync().ConfigureAwait(false);
    }

    private Task<bool> LingerAsync(Task task) => Linger.WhileTakenAsync(task, _state.Transport, _linger, _state.Settings.Clock);

    private async Task ReadOnAsync() => _state.OnPeerGone(await StreamEnd.ReachAsync(_opened.Stream).ConfigureAwait(false));
}
