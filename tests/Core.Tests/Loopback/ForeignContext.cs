namespace MessageWebSockets.Tests.Loopback;

/// <summary>The context of a caller, such as the thread of a window. Nothing of the library goes on there.</summary>
internal sealed class ForeignContext : SynchronizationContext
{
    private int _posts;

    /// <summary>Makes a call in such a context, and waits outside of it for what the call began.</summary>
    /// <param name="call">Calls the library; what it awaits itself it awaits without a context.</param>
    /// <returns>How often something was to go on in the context.</returns>
    public static async Task<int> CountPostsAsync(Func<Task> call)
    {
        ForeignContext context = new();
        Task task;
        SynchronizationContext? before = Current;
        SetSynchronizationContext(context);
        try
        {
            task = call();
        }
        finally
        {
            SetSynchronizationContext(before);
        }

        await task.ConfigureAwait(false);
        return Volatile.Read(ref context._posts);
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        Interlocked.Increment(ref _posts);
        ThreadPool.QueueUserWorkItem(_ => d(state));
    }

    public override SynchronizationContext CreateCopy() => this;
}
