using System.Collections.Concurrent;

namespace MessageWebSockets.Tests.Reliability;

/// <summary>
/// Collects what tasks threw and nobody looked at while it lives. Those that did not pass through the library are somebody else's:
/// the hook is one for the whole process.
/// </summary>
internal sealed class UnobservedExceptions : IDisposable
{
    private readonly ConcurrentQueue<Exception> _seen = new();

    public UnobservedExceptions() => TaskScheduler.UnobservedTaskException += OnUnobserved;

    /// <summary>What is known once every unreachable task is finalized.</summary>
    public IReadOnlyCollection<Exception> Collect()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return _seen;
    }

    public void Dispose() => TaskScheduler.UnobservedTaskException -= OnUnobserved;

    private void OnUnobserved(object? sender, UnobservedTaskExceptionEventArgs args)
    {
        if (args.Exception.Flatten().InnerExceptions.Any(IsOurs))
        {
            _seen.Enqueue(args.Exception);
        }
    }

    private static bool IsOurs(Exception e) =>
        e is MessageWebSocketException || e.StackTrace?.Contains("MessageWebSockets.", StringComparison.Ordinal) == true
        || (e.InnerException is { } inner && IsOurs(inner));
}
