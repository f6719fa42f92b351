using System.Diagnostics;
using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;
using Xunit;

namespace MessageWebSockets.Tests.Reliability;

/// <summary>
/// Runs a property over random cases. FUZZ_MINUTES makes all fuzz tests together run about that long, in rounds with a new seed
/// each; FUZZ_SEED runs the one round of that seed again.
/// </summary>
internal static class FuzzRun
{
    private const int FuzzTests = 6;
    private const int Cases = 100;

    public static void Check<T>(Gen<T> cases, Func<T, Task> property)
    {
        string? requested = Environment.GetEnvironmentVariable("FUZZ_MINUTES");
        double minutes = double.TryParse(requested, CultureInfo.InvariantCulture, out double set) ? set : 0;
        bool isReplay = ulong.TryParse(Environment.GetEnvironmentVariable("FUZZ_SEED"), CultureInfo.InvariantCulture, out ulong seed);
        TimeSpan duration = isReplay ? TimeSpan.Zero : TimeSpan.FromMinutes(minutes / FuzzTests);
        Stopwatch elapsed = Stopwatch.StartNew();
        long count = 0;
        using UnobservedExceptions unobserved = new();
        do
        {
            seed = isReplay ? seed : (ulong)Random.Shared.NextInt64();
            TestContext.Current.TestOutputHelper?.WriteLine($"FUZZ_SEED={seed}");
            Config config = Config.QuickThrowOnFailure.WithMaxTest(Cases).WithReplay(
                FSharpOption<Replay>.Some(new Replay(new Rnd(seed), FSharpOption<int>.None)));
            try
            {
                Property all = Prop.ForAll(cases.ToArbitrary(), one => property(one).GetAwaiter().GetResult());
                all.Check(config);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"FUZZ_SEED={seed}: {e.Message}", e);
            }

            count += Cases;
        }
        while (elapsed.Elapsed < duration);

        Assert.Empty(unobserved.Collect());
        TestContext.Current.TestOutputHelper?.WriteLine($"{count} cases in {elapsed.Elapsed.TotalSeconds:0} s");
    }
}
