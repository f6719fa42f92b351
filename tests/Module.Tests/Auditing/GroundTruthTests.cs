using System.Reflection;
using System.Runtime.CompilerServices;
using MessageWebSockets.PowerShell.Auditing;
using MessageWebSockets.PowerShell.Auditing.Checks;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests.Auditing;

/// <summary>Servers made wrong on purpose: each is found by its check and by no other.</summary>
public sealed class GroundTruthTests(AuditedMistakes audited) : IClassFixture<AuditedMistakes>
{
    public static TheoryData<string> Mistaken => [.. Mistakes.All.Select(static mistake => mistake.What)];

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Mistaken))]
    public async Task A_mistake_is_found_by_its_check_alone(string what)
    {
        string check = Mistakes.Named(what).Check;
        string[] found = [.. (await audited.ResultsOfAsync(what)).Where(Audits.IsConcern).Select(Audits.Line)];
        Assert.True(
            found.Length == 1 && found[0].StartsWith($"{check} ", StringComparison.Ordinal), $"{check}: {string.Join("; ", found)}");
    }

    [Fact]
    public void Every_check_is_listed_and_has_a_mistake()
    {
        string[] classes =
            [.. Types().Where(static type => type.IsSubclassOf(typeof(AuditCheck)) && !type.IsAbstract).Select(static type => type.Name)];
        Assert.Equal(classes.Order(), AuditChecks.All.Select(static check => check.GetType().Name).Order());
        Assert.Equal(
            AuditChecks.All.Select(static check => check.Id).Order(),
            Mistakes.All.Select(static mistake => mistake.Check).Distinct().Order());
    }

    [Fact]
    public void The_guide_names_every_check_with_its_level_and_reference()
    {
        string[] rows = File.ReadAllLines(Path.GetFullPath(Path.Combine(FolderOf(), "..", "..", "..", "docs", "auditing.md")));
        Assert.All(
            AuditChecks.All,
            check => Assert.Contains(
                rows, row => row.StartsWith($"| `{check.Id}` | {check.Level}, {check.Reference} | ", StringComparison.Ordinal)));
    }

    private static string FolderOf([CallerFilePath] string thisFile = "") => Path.GetDirectoryName(thisFile)!;

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
}
