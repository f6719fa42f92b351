using System.Diagnostics;
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
    }
}
