namespace MessageWebSockets;

/// <summary>Holds an event open while its handler works asynchronously (Windows.Foundation.Deferral).</summary>
public sealed class Deferral : IDisposable
{
    private Action? _completed;

    internal Deferral(Action completed) => _completed = completed;

    /// <summary>Says that the handler is done. Calling it again does nothing.</summary>
    public void Complete() => Interlocked.Exchange(ref _completed, null)?.Invoke();

    /// <summary>As <see cref="Complete"/>.</summary>
    public void Dispose() => Complete();
}
