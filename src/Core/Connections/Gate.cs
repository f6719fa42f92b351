namespace MessageWebSockets.Connections;

/// <summary>
/// Lets one at a time through. Who entered leaves by disposing the pass it was given, with <c>using</c>, so that no exception can
/// keep the gate shut. Nobody runs foreign code while holding a pass.
/// </summary>
#pragma warning disable CA1001 // A semaphore nobody asked for a wait handle has nothing to dispose of.
internal sealed class Gate
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>Enters if nobody is inside.</summary>
    public bool TryEnter(out Permit pass)
    {
        bool isFree = _one.Wait(0, CancellationToken.None);
        pass = isFree ? new Permit(_one) : default;
        return isFree;
    }

    /// <summary>Waits for its turn, first come, first served.</summary>
    public async ValueTask<Permit> EnterAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Permit(_one);
    }

    /// <summary>The right to be inside; to be disposed once.</summary>
    public readonly struct Permit(SemaphoreSlim? one) : IDisposable
    {
        public void Dispose() => one?.Release();
    }
}
