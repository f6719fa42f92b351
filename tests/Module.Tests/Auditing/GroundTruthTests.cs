using System.Reflection;
using MessageWebSockets.PowerShell.Auditing;
using MessageWebSockets.PowerShell.Auditing.Checks;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests.Auditing;

/// <summary>Servers made wrong on purpose: each is found by its check and by no other, and one that is right by none.</summary>
public sealed class GroundTruthTests
{
    public static TheoryData<string> Mistaken => [.. Mistakes.All.Where(static mistake => !mistake.IsSilent).Select(static mistake => mistake.What)];

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Mistaken))]
    public async Task A_mistake_is_found_by_its_check_alone(string what)
    {
        Mistake mistake = Mistakes.Named(what);
        await using RawServer server = RawServer.Start(MannersServer.Script(mistake));
        IReadOnlyList<(AuditCheck, Verdict)> results = await Audits.RunAsync(server.Uri, Audits.Patient, AuditChecks.All);
        AssertFound(mistake, results);
    }

    // Each waits for something in vain, all of them at the same time.
    [Fact(Timeout = 60_000)]
    public async Task A_mistake_that_is_a_silence_is_found_by_its_check_alone()
    {
        AuditPlan plan = Audits.Patient with { Timeout = TimeSpan.FromSeconds(6) };
        await Task.WhenAll(Mistakes.All.Where(static mistake => mistake.IsSilent).Select(async mistake =>
        {
            await using RawServer server = RawServer.Start(MannersServer.Script(mistake));
            AssertFound(mistake, await Audits.RunAsync(server.Uri, plan, AuditChecks.All));
        }));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_right_server_passes_every_check()
    {
        await using RawServer server = RawServer.Start(MannersServer.Script(null));
        IReadOnlyList<(AuditCheck Check, Verdict Verdict)> results = await Audits.RunAsync(server.Uri, Audits.Patient, AuditChecks.All);
        Assert.All(results, static result => Assert.True(result.Verdict.Result is AuditResult.Passed or AuditResult.NotApplicable, Audits.Line(result)));
    }

    [Fact]
    public void Every_check_is_listed_and_has_a_mistake()
    {
        string[] classes = [.. Types().Where(static type => type.IsSubclassOf(typeof(AuditCheck)) && !type.IsAbstract).Select(static type => type.Name)];
        Assert.Equal(classes.Order(), AuditChecks.All.Select(static check => check.GetType().Name).Order());
        Assert.Equal(AuditChecks.All.Select(static check => check.Id).Order(), Mistakes.All.Select(static mistake => mistake.Check).Distinct().Order());
    }

    // The cmdlets among them cannot be loaded without PowerShell.
    private static IEnumerable<Type> Types()
    {
        try
        {
            return typeof(AuditCheck).Assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException e)
        {
            return e.Types.OfType<Type>();
        }
    }

    internal static void AssertFound(Mistake mistake, IEnumerable<(AuditCheck Check, Verdict Verdict)> results)
    {
        string[] found = [.. results.Where(Audits.IsConcern).Select(Audits.Line)];
        Assert.True(found.Length == 1 && found[0].StartsWith($"{mistake.Check} ", StringComparison.Ordinal), $"{mistake}: {string.Join("; ", found)}");
    }
}
