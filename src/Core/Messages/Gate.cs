namespace MessageWebSockets.Messages;

/// <summary>
/// Lets one at a time through. Who entered leaves by disposing the pass it was given, with <c>using</c>, so that no exception can
/// keep the gate shut. Nobody runs foreign code while holding a pass.
/// </summary>
/// <remarks>
/// A counter with a semaphore behind it: to enter and leave a gate that is free is one interlocked operation each, where a semaphore
/// takes its lock twice, which a small message would feel.
/// </remarks>
#pragma warning disable CA1001 // A semaphore nobody asked for a wait handle has nothing to dispose of.
internal sealed class Gate
#pragma warning restore CA1001
{
    // Whoever leaves while others wait lets one of them in: no permit is ever left over.
    private readonly SemaphoreSlim _next = new(0);

    // Who is inside, and who waits.
    private int _count;

    /// <summary>Whether nobody is inside, or waits.</summary>
    public bool IsFree => Volatile.Read(ref _count) == 0;

    /// <summary>Enters if nobody is inside.</summary>
    public bool TryEnter(out Permit pass)
    {
        bool isFree = Interlocked.CompareExchange(ref _count, 1, 0) == 0;
        pass = isFree ? new Permit(this) : default;
        return isFree;
    }

    /// <summary>Waits for its turn, first come, first served.</summary>
    public async ValueTask<Permit> EnterAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Interlocked.Increment(ref _count) > 1)
        {
            try
            {
                await _next.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                GiveUp();
                throw;
            }
        }

        return new Permit(this);
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref _count) > 0)
        {
            _next.Release();
        }
    }

    // Where nobody else is left, the turn that was given up has come, or comes in a moment, if nobody enters who takes it.
    private void GiveUp()
    {
        SpinWait wait = default;
        while (true)
        {
            int count = Volatile.Read(ref _count);
            if (count > 1)
            {
                if (Interlocked.CompareExchange(ref _count, count - 1, count) == count)
                {
                    return;
                }
            }
            else if (_next.Wait(0, CancellationToken.None))
            {
                Leave();
                return;
            }

            wait.SpinOnce(sleep1Threshold: -1);
        }
    }

    /// <summary>The right to be inside; to be disposed once.</summary>
    public readonly struct Permit(Gate? gate) : IDisposable
    {
        public void Dispose() => gate?.Leave();
    }
}
