using System.Text;

namespace MessageWebSockets.TestServer;

/// <summary>What becomes of the bytes that a server sends through a network: how many pass, and what holds them up.</summary>
internal sealed class RelayedAnswer(NetworkConditions conditions)
{
    private static readonly (byte[] Mark, NetworkCut Cut)[] s_marks =
    [
        ("#silence"u8.ToArray(), NetworkCut.Silence),
        ("#end"u8.ToArray(), NetworkCut.End),
        ("#reset"u8.ToArray(), NetworkCut.Reset),
    ];

    private static readonly byte[] s_stall = Encoding.ASCII.GetBytes("#stall");

    private readonly Lock _lock = new();
    private long _passed;
    private volatile bool _isSilent;
    private TaskCompletionSource? _stall;

    /// <summary>Decides how much of the next bytes passes, and whether the connection is cut behind them.</summary>
    public NetworkCut? Take(ReadOnlyMemory<byte> bytes, out ReadOnlyMemory<byte> passing)
    {
        passing = bytes;
        NetworkCut? cut = null;
        if (conditions.AnswerLimit is long limit && _passed + bytes.Length >= limit)
        {
            passing = bytes[..(int)(limit - _passed)];
            cut = conditions.Cut;
        }

        foreach ((byte[] mark, NetworkCut marked) in s_marks)
        {
            int index = passing.Span.IndexOf(mark);
            if (index >= 0)
            {
                passing = passing[..index];
                cut = marked;
            }
        }

        _passed += passing.Length;
        if (passing.Span.IndexOf(s_stall) >= 0)
        {
            lock (_lock)
            {
                _stall = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        return cut;
    }

    /// <summary>The client has sent something.</summary>
    public void Resume()
    {
        lock (_lock)
        {
            _stall?.TrySetResult();
        }
    }

    public Task WhileStalledAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return _stall?.Task.WaitAsync(cancellationToken) ?? Task.CompletedTask;
        }
    }

    public void FallSilent() => _isSilent = true;

    /// <summary>Does not return once it is silent.</summary>
    public Task WhileSilentAsync(CancellationToken cancellationToken) =>
        _isSilent ? Task.Delay(Timeout.Infinite, cancellationToken) : Task.CompletedTask;
}
