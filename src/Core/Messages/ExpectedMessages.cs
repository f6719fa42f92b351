using System.Collections.Immutable;

namespace MessageWebSockets.Messages;

/// <summary>
/// Those who wait for certain messages of an inbox: each is offered a message before it is queued, and may take it. One writer, which
/// offers; whoever waits, on any thread.
/// </summary>
/// <param name="pause">Says that the loop waits for a filter.</param>
internal sealed class ExpectedMessages<T>(ReceivePause pause)
    where T : class, IInboxItem
{
    private ImmutableArray<Expectation> _waiting = [];
    private volatile bool _completed;
    private MessageWebSocketException? _end;

    // Whether filters are asked about a message that has no place yet.
    private volatile bool _isAsking;

    /// <summary>Whether nobody has to be offered a message.</summary>
    public bool IsEmpty => _waiting.IsEmpty;

    /// <summary>Whether somebody has got no message yet.</summary>
    public bool IsSomebodyWaiting => _waiting.Any(static one => !one.Arrival.Task.IsCompleted);

    /// <summary>Offers a message to those who wait, in the order in which they asked; <see cref="Settle"/> must follow.</summary>
    /// <returns>Whether one of them has taken it.</returns>
    public bool Offer(T message)
    {
        _isAsking = true;
        foreach (Expectation expectation in _waiting)
        {
            if (!expectation.Arrival.Task.IsCompleted && TryHand(message, expectation))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Says that the message which was offered has its place, and tells an end that came meanwhile.</summary>
    public void Settle()
    {
        _isAsking = false;

        // Either this side sees the end, or the end sees that nobody is asked any more.
        Interlocked.MemoryBarrier();
        if (_completed)
        {
            TellEnd();
        }
    }

    /// <summary>Says that no further message comes. Who is asked about one just now is told afterwards.</summary>
    /// <param name="error">The abnormal end; null after an orderly one.</param>
    public void Complete(MessageWebSocketException? error)
    {
        if (!_completed)
        {
            _end = error;
            _completed = true;
            Interlocked.MemoryBarrier();
        }

        if (!_isAsking)
        {
            TellEnd();
        }
    }

    /// <summary>Waits for the first message offered from now on that a filter accepts; null after an orderly end.</summary>
    /// <param name="filter">Accepts a message.</param>
    /// <param name="goesOnAtOnce">Whether what comes after the wait runs on the thread that offers, and must be short.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="MessageWebSocketException">The connection ended abnormally.</exception>
    public async Task<T?> TakeAsync(Predicate<T> filter, bool goesOnAtOnce, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            throw ContractError.Canceled(cancellationToken);
        }

        Expectation expectation = new(filter, goesOnAtOnce);
        ImmutableInterlocked.Update(ref _waiting, static (all, one) => all.Add(one), expectation);
        if (_completed && !_isAsking)
        {
            TellEnd();
        }

        try
        {
            return await expectation.Arrival.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested)
        {
            if (!expectation.Arrival.TrySetCanceled(cancellationToken))
            {
                // It arrived as the wait was given up: the message must not be lost.
                return await expectation.Arrival.Task.ConfigureAwait(false);
            }

            throw ContractError.Canceled(cancellationToken, e);
        }
        finally
        {
            ImmutableInterlocked.Update(ref _waiting, static (all, one) => all.Remove(one), expectation);
        }
    }

    private bool TryHand(T message, Expectation expectation)
    {
        message.NoteShown();
        pause.Begin();
        try
        {
            return ForeignCode.Ask(expectation.Filter, message) && expectation.Arrival.TrySetResult(message);
        }
        catch (Exception e)
        {
            // A filter is a stranger's code: its failure is told to who waits, and the receive loop goes on.
            expectation.Arrival.TrySetException(e);
            return false;
        }
        finally
        {
            pause.End();
        }
    }

    private void TellEnd()
    {
        foreach (Expectation expectation in _waiting)
        {
            if (_end is { } error)
            {
                expectation.Arrival.TrySetException(error.Again());
            }
            else
            {
                expectation.Arrival.TrySetResult(null);
            }
        }
    }

    /// <summary>Someone who waits.</summary>
    private sealed class Expectation(Predicate<T> filter, bool goesOnAtOnce)
    {
        public Func<T, bool> Filter { get; } = filter.Invoke;

        public TaskCompletionSource<T?> Arrival { get; } =
            new(goesOnAtOnce ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
