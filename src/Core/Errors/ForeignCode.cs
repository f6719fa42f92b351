using System.Diagnostics;

namespace MessageWebSockets.Errors;

/// <summary>
/// Runs code that is not ours: event handlers, traces, progress reports, filters. Never to be called in a lock, with a gate held or
/// with something half done: such code may take its time, throw, or call back into the socket.
/// </summary>
/// <remarks>
/// It runs without the ambient values (AsyncLocal, culture, SynchronizationContext) of whichever code of the user happened to begin
/// the connect, the close or the send that led to it, and its own do not reach what runs after it.
/// </remarks>
internal static class ForeignCode
{
    private static ExecutionContext? s_nobodys;

    // A thread that was started without a context has the empty one, which no property gives.
    private static ExecutionContext Nobodys
    {
        get
        {
            if (Volatile.Read(ref s_nobodys) is { } known)
            {
                return known;
            }

            ExecutionContext? captured = null;
            Thread thread = new(() => captured = ExecutionContext.Capture(), maxStackSize: 64 * 1024);
            thread.UnsafeStart();
            thread.Join();
            s_nobodys = captured!;
            return captured!;
        }
    }

    /// <summary>Runs it; what it throws is reported through <see cref="Trace"/> as a fault of its own.</summary>
    /// <param name="what">What it is, for the report.</param>
    /// <param name="code">The code.</param>
    /// <param name="argument">What it is given.</param>
    public static void Run<T>(string what, Action<T> code, T argument)
    {
        try
        {
            RunInNobodysContext(code, argument);
        }
        catch (Exception e)
        {
            Report(what, e);
        }
    }

    /// <summary>Runs it; what it throws is for who asked.</summary>
    public static TResult Ask<T, TResult>(Func<T, TResult> code, T argument)
    {
        Question<T, TResult> question = new(code, argument);
        RunInNobodysContext(static q => q.Put(), question);
        return question.Answer!;
    }

    /// <summary>
    /// Begins something of ours that outlives its caller and is not to keep, or to run with, the caller's ambient values.
    /// </summary>
    public static void WithoutAmbience(Action begin)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            begin();
            return;
        }

        using (ExecutionContext.SuppressFlow())
        {
            begin();
        }
    }

    /// <summary>Tells of an exception of foreign code. A listener that throws as well is not told of that.</summary>
    public static void Report(string what, Exception e)
    {
        try
        {
            Trace.TraceError($"{what} threw {e}");
        }
        catch (Exception)
        {
            // A trace listener is foreign code too, and there is nobody left to tell.
        }
    }

    /// <summary>Cancels on another thread, and tells of what those threw who registered with the token.</summary>
    public static async Task CancelAsync(string what, CancellationTokenSource source)
    {
        try
        {
            await source.CancelAsync().ConfigureAwait(false);
        }
        catch (AggregateException e)
        {
            Report(what, e);
        }
    }

    private static void RunInNobodysContext<T>(Action<T> code, T argument)
    {
        SynchronizationContext? callers = SynchronizationContext.Current;
        if (callers is not null)
        {
            SynchronizationContext.SetSynchronizationContext(null);
        }

        try
        {
            Call<T> call = new(code, argument);
            ExecutionContext.Run(Nobodys, static state => ((Call<T>)state!).Make(), call);
        }
        finally
        {
            if (callers is not null)
            {
                SynchronizationContext.SetSynchronizationContext(callers);
            }
        }
    }

    private sealed class Call<T>(Action<T> code, T argument)
    {
        public void Make() => code(argument);
    }

    private sealed class Question<T, TResult>(Func<T, TResult> code, T argument)
    {
        public TResult? Answer { get; private set; }

        public void Put() => Answer = code(argument);
    }
}
