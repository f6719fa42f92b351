using System.Diagnostics;
using System.Management.Automation;
using System.Threading.Channels;
using MessageWebSockets.PowerShell.Messages;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Loading;

/// <summary>
/// Messages that a script block makes. It runs on the pipeline thread, ahead of the connections; where they take messages faster than
/// it makes them, they wait, and the result says so.
/// </summary>
internal sealed class ScriptMessages(IPipeline cmdlet, ScriptBlock script) : ILoadMessages
{
    private const int Ahead = 1024;

    // So that progress is written, and the end and Ctrl+C heard, between two portions.
    private const int Portion = 128;

    // A slow script is not waited for until it has made all that could be made ahead.
    private static readonly TimeSpan FillLimit = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan PortionLimit = TimeSpan.FromSeconds(0.1);

    private readonly Channel<OutgoingMessage> _made = Channel.CreateBounded<OutgoingMessage>(Ahead);
    private readonly UserScript _script = new(script, "The script of -Message");
    private long _number;
    private long _waits;
    private int _waiting;
    private int _isAsked;

    /// <inheritdoc/>
    public bool AreNumbered => false;

    /// <inheritdoc/>
    public bool WereTooSlow => Volatile.Read(ref _waits) > Volatile.Read(ref _number) / 100;

    /// <inheritdoc/>
    public ValueTask<OutgoingMessage> NextAsync(long number, CancellationToken cancellationToken)
    {
        if (!_made.Reader.TryRead(out OutgoingMessage message))
        {
            Interlocked.Increment(ref _waits);
            return WaitAsync(cancellationToken);
        }

        if (_made.Reader.Count < Ahead / 2)
        {
            Ask();
        }

        return new(message);
    }

    /// <summary>Makes what is made ahead, or what there is time for, before the load begins; for the pipeline thread.</summary>
    /// <exception cref="RuntimeException">The script failed.</exception>
    /// <exception cref="ArgumentException">It made something that is no message.</exception>
    public void Fill()
    {
        long started = Stopwatch.GetTimestamp();
        while (MakeOne() && Stopwatch.GetElapsedTime(started) < FillLimit)
        {
        }
    }

    private async ValueTask<OutgoingMessage> WaitAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _waiting);
        try
        {
            Ask();
            return await _made.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private void Ask()
    {
        if (Interlocked.Exchange(ref _isAsked, 1) == 0)
        {
            cmdlet.Post(MakePortion);
        }
    }

    private void MakePortion()
    {
        Volatile.Write(ref _isAsked, 0);
        long started = Stopwatch.GetTimestamp();
        for (int made = 0; made < Portion && Stopwatch.GetElapsedTime(started) < PortionLimit; made++)
        {
            if (!MakeOne())
            {
                return;
            }
        }

        // Nobody waits any more once the load is over.
        if (Volatile.Read(ref _waiting) > 0)
        {
            Ask();
        }
    }

    // False when there are enough.
    private bool MakeOne()
    {
        if (_made.Reader.Count >= Ahead)
        {
            return false;
        }

        ScriptOutcome outcome = _script.RunToEnd(cmdlet, _number++);
        outcome.ReportErrors(cmdlet);
        outcome.ThrowIfFailed();

        // Bytes come one by one.
        object? item = outcome.Output is [var only]
            ? OutgoingMessage.Unwrap(only)
            : outcome.Output.Select(static part => part?.BaseObject).ToArray();
        if (!OutgoingMessage.TryFrom(item, null, out OutgoingMessage message))
        {
            throw new LoadMessageException(item, outcome.Output.Count);
        }

        return _made.Writer.TryWrite(message);
    }
}
