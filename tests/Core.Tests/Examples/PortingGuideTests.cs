using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Xunit;

namespace MessageWebSockets.Tests.Examples;

public sealed partial class PortingGuideTests
{
    [Fact]
    public void The_porting_guide_names_tests_that_exist()
    {
        (string Class, string Test)[] named =
            [.. NamedTest().Matches(File.ReadAllText(GuidePath())).Select(match => (match.Groups[1].Value, match.Groups[2].Value))];
        ILookup<string, Type> classes = typeof(PortingGuideTests).Assembly.GetTypes().ToLookup(type => type.Name);

        string[] missing =
        [
            .. named.Where(name => !classes[name.Class].Any(type => type.GetMethod(name.Test, BindingFlags.Public | BindingFlags.Instance) is not null))
                .Select(name => $"{name.Class}.{name.Test}"),
        ];

        Assert.True(named.Length > 80, $"Only {named.Length} tests are named.");
        Assert.True(missing.Length == 0, $"docs/porting.md names tests that do not exist: {string.Join(", ", missing)}");
    }

    private static string GuidePath([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "..", "docs", "porting.md"));

    [GeneratedRegex(@"`(\w+Tests)\.(\w+)`")]
    private static partial Regex NamedTest();
}
