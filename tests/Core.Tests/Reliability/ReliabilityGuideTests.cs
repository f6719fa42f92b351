using System.Text.RegularExpressions;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Examples;
using Xunit;

namespace MessageWebSockets.Tests.Reliability;

/// <summary>docs/reliability.md promises a test for each item; the promise is kept.</summary>
public sealed partial class ReliabilityGuideTests
{
    private static readonly string Guide = File.ReadAllText(NamedTests.PathOf("docs/reliability.md"));

    [Fact]
    public void The_guide_names_tests_that_exist()
    {
        (int named, string[] missing) = NamedTests.In("docs/reliability.md");

        Assert.True(named > 50, $"Only {named} tests are named.");
        Assert.True(missing.Length == 0, $"docs/reliability.md names tests that do not exist: {string.Join(", ", missing)}");
    }

    [Fact]
    public void The_guide_names_every_fault_of_the_catalogue_and_no_other()
    {
        string[] named = [.. NamedFault().Matches(Guide).Select(match => match.Groups[1].Value).Distinct().Order(StringComparer.Ordinal)];

        Assert.Equal(Faults.All.Select(fault => fault.Name).Order(StringComparer.Ordinal), named);
    }

    [Fact]
    public void The_guide_names_tests_of_the_cmdlets_that_exist()
    {
        (string File, string Test)[] named =
            [.. PesterTest().Matches(Guide).Select(match => (match.Groups[1].Value, match.Groups[2].Value))];

        string[] missing =
        [
            .. named.Where(name =>
                {
                    string path = NamedTests.PathOf($"tests/Pester/{name.File}.Tests.ps1");
                    return !File.Exists(path)
                        || !File.ReadAllText(path).Contains($"It '{name.Test.Replace("'", "''")}'", StringComparison.Ordinal);
                })
                .Select(name => $"{name.File}: {name.Test}"),
        ];

        Assert.True(named.Length > 10, $"Only {named.Length} tests of the cmdlets are named.");
        Assert.True(missing.Length == 0, $"docs/reliability.md names tests that do not exist: {string.Join("; ", missing)}");
    }

    // A fault stands as `fault:name`, a test of the cmdlets as `File: what It says`.
    [GeneratedRegex("`fault:([a-z0-9-]+)`")]
    private static partial Regex NamedFault();

    [GeneratedRegex("`([A-Za-z]+(?:-[A-Za-z]+)?): ([^`]+)`")]
    private static partial Regex PesterTest();
}
