using System.Diagnostics;
using System.Reflection;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Errors;

public sealed class ForeignCodeTests
{
    private static readonly AsyncLocal<string?> s_ambient = new();

    [Fact]
    public void Code_runs_without_the_callers_context_and_values_and_leaves_both_as_they_were()
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext callers = new();
        SynchronizationContext? inside = callers;
        string? value = "not yet";
        s_ambient.Value = "the caller's";
        SynchronizationContext.SetSynchronizationContext(callers);
        try
        {
            ForeignCode.Run(
                "The code", _ => (inside, value, s_ambient.Value) = (SynchronizationContext.Current, s_ambient.Value, "its own"), 0);

            Assert.Same(callers, SynchronizationContext.Current);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }

        Assert.Null(inside);
        Assert.Null(value);
        Assert.Equal("the caller's", s_ambient.Value);
    }

    [Fact]
    public void What_code_throws_is_reported_as_its_own()
    {
        string text = Guid.NewGuid().ToString();
        using StringWriter writer = new();
        using TextWriterTraceListener listener = new(TextWriter.Synchronized(writer));
        Trace.Listeners.Add(listener);
        try
        {
            ForeignCode.Run("A handler of this test", _ => throw new InvalidOperationException(text), 0);
        }
        finally
        {
            Trace.Listeners.Remove(listener);
        }

        Assert.Contains(
            $"A handler of this test threw System.InvalidOperationException: {text}", writer.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_reports_what_is_thrown_by_who_registered_and_goes_on_outside_of_the_context()
    {
        string text = Guid.NewGuid().ToString();
        using StringWriter writer = new();
        using TextWriterTraceListener listener = new(TextWriter.Synchronized(writer));
        using CancellationTokenSource source = new();
        using ManualResetEventSlim gate = new();
        source.Token.Register(() =>
        {
            gate.Wait(TestContext.Current.CancellationToken);
            throw new InvalidOperationException(text);
        });
        Trace.Listeners.Add(listener);
        int posts;
        try
        {
            posts = await ForeignContext.CountPostsAsync(() =>
            {
                Task cancelling = ForeignCode.CancelAsync("Who registered in this test", source);
                Assert.False(cancelling.IsCompleted);
                gate.Set();
                return cancelling;
            });
        }
        finally
        {
            Trace.Listeners.Remove(listener);
        }

        Assert.True(source.IsCancellationRequested);
        Assert.Equal(0, posts);
        Assert.Contains("Who registered in this test threw System.AggregateException", writer.ToString(), StringComparison.Ordinal);
        Assert.Contains(text, writer.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_and_an_exception_are_for_who_asked()
    {
        Assert.Equal(42, ForeignCode.Ask(static x => x + 1, 41));
        Assert.Throws<InvalidOperationException>(() => ForeignCode.Ask<int, int>(static _ => throw new InvalidOperationException(), 0));
    }

    [Fact]
    public async Task What_is_begun_without_ambience_has_none_of_the_callers_values()
    {
        s_ambient.Value = "the caller's";
        Task<string?>? begun = null;
        ForeignCode.WithoutAmbience(() => ForeignCode.WithoutAmbience(() => begun = Task.Run<string?>(() => s_ambient.Value)));

        Assert.False(ExecutionContext.IsFlowSuppressed());
        Assert.Null(await begun!);
        ForeignCode.WithoutAmbience(() => begun = Task.Run<string?>(() => s_ambient.Value));
        Assert.Null(await begun!);
        Assert.Equal("the caller's", s_ambient.Value);

        int times = 0;
        ForeignCode.WithoutAmbience(() => ForeignCode.WithoutAmbience(() => times++));
        Assert.Equal(1, times);
    }

    [Fact]
    public void Who_is_first_in_a_process_finds_a_context_without_values()
    {
        FieldInfo found = typeof(ForeignCode).GetField("s_nobodys", BindingFlags.NonPublic | BindingFlags.Static)!;
        s_ambient.Value = "the caller's";
        for (int i = 0; i < 100; i++)
        {
            // Whoever else looks for it meanwhile makes one as well, and any will do.
            found.SetValue(null, null);
            Assert.Null(ForeignCode.Ask(static _ => s_ambient.Value, 0));
        }
    }
}
