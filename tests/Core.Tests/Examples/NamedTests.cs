using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace MessageWebSockets.Tests.Examples;

/// <summary>The tests that a document of docs/ names, as <c>Class.Method</c> in backquotes.</summary>
internal static partial class NamedTests
{
    public static (int Named, string[] Missing) In(string document)
    {
        (string Class, string Test)[] named =
            [.. NamedTest().Matches(File.ReadAllText(PathOf(document))).Select(match => (match.Groups[1].Value, match.Groups[2].Value))];
        ILookup<string, Type> classes = typeof(NamedTests).Assembly.GetTypes().ToLookup(type => type.Name);
        string[] missing =
        [
            .. named.Where(
                name => !classes[name.Class].Any(type => type.GetMethod(name.Test, BindingFlags.Public | BindingFlags.Instance) is not null)
                    && !IsOfModule(name.Class, name.Test))
                .Select(name => $"{name.Class}.{name.Test}"),
        ];
        return (named.Length, missing);
    }

    /// <summary>A file of the repository.</summary>
    public static string PathOf(string relative, [CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "..", relative));

    // Tests of the module are an assembly of their own, which needs PowerShell's; their source is enough.
    private static bool IsOfModule(string name, string test) =>
        Directory.EnumerateFiles(PathOf("tests/Module.Tests"), $"{name}.cs", SearchOption.AllDirectories)
            .Any(file => File.ReadAllText(file).Contains($" {test}(", StringComparison.Ordinal));

    [GeneratedRegex(@"`(\w+Tests)\.(\w+)`")]
    private static partial Regex NamedTest();
}
