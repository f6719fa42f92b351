using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Xunit;

namespace MessageWebSockets.Tests.Architecture;

/// <summary>docs/architecture.md is where a newcomer begins: what it names is there, and no folder is missing from it.</summary>
public sealed partial class MapTests
{
    private static readonly string s_source = Path.Combine(RootPath(), "src");

    private static readonly string s_map = File.ReadAllText(Path.Combine(RootPath(), "docs", "architecture.md"));

    [Fact]
    public void Each_file_that_the_map_names_exists()
    {
        string[] files = [.. Directory.EnumerateFiles(s_source, "*.cs", SearchOption.AllDirectories).Select(Relative)];
        string[] named = [.. FileName().Matches(s_map).Select(static match => match.Groups[1].Value).Distinct()];

        Assert.True(named.Length > 30, "The map names hardly any file.");
        Assert.DoesNotContain(named, name => !files.Any(file => file.EndsWith("/" + name, StringComparison.Ordinal)));
    }

    [Fact]
    public void Each_method_that_the_map_sends_a_reader_to_is_in_its_file()
    {
        string[] files = [.. Directory.EnumerateFiles(s_source, "*.cs", SearchOption.AllDirectories)];
        MatchCollection places = Place().Matches(s_map);

        Assert.True(places.Count > 15, "The map sends its reader to hardly any method.");
        foreach (Match place in places)
        {
            string text = File.ReadAllText(
                files.Single(file => Relative(file).EndsWith("/" + place.Groups[3].Value, StringComparison.Ordinal)));
            Assert.All(
                place.Groups[1].Captures.Concat(place.Groups[2].Captures),
                name => Assert.Matches($@"\b{name.Value}\b", text));
        }
    }

    [Fact]
    public void Each_name_on_the_map_is_one_of_the_code()
    {
        HashSet<string> words = [.. Directory.EnumerateFiles(RootPath(), "*.cs", SearchOption.AllDirectories)
            .Where(static file => !Path.GetRelativePath(RootPath(), file).StartsWith("artifacts", StringComparison.Ordinal))
            .SelectMany(static file => Word().Matches(File.ReadAllText(file)).Select(static match => match.Value))];

        Assert.DoesNotContain(Name().Matches(s_map).Select(static match => match.Groups[1].Value), name => !words.Contains(name));
    }

    // The compiler holds methods to 60 lines (MA0051).
    [Fact]
    public void No_file_of_the_map_is_longer_than_500_lines() =>
        Assert.DoesNotContain(
            Directory.EnumerateFiles(s_source, "*.cs", SearchOption.AllDirectories), static file => File.ReadLines(file).Count() > 500);

    [Theory]
    [InlineData("Core")]
    [InlineData("Module")]
    public void Each_folder_is_on_the_map(string project)
    {
        string[] folders =
        [
            .. Directory.EnumerateFiles(Path.Combine(s_source, project), "*.cs", SearchOption.AllDirectories).Select(Relative)
                .Select(static file => file.Split('/'))
                .Where(static parts => parts.Length > 3)
                .Select(static parts => parts[2])
                .Distinct(),
        ];

        Assert.NotEmpty(folders);
        Assert.DoesNotContain(folders, folder => !s_map.Contains($"{folder}/", StringComparison.Ordinal));
    }

    // As /Core/Framing/FrameReader.cs on every system.
    private static string Relative(string path) => "/" + Path.GetRelativePath(s_source, path).Replace(Path.DirectorySeparatorChar, '/');

    private static string RootPath([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "../../.."));

    [GeneratedRegex(@"`((?:\w+/)*[A-Z]\w*\.cs)`")]
    private static partial Regex FileName();

    [GeneratedRegex(@"`(\w+)`(?: and `(\w+)`)? in `((?:\w+/)*[A-Z]\w*\.cs)`")]
    private static partial Regex Place();

    [GeneratedRegex(@"`([A-Z]\w+)(?:\(\))?`")]
    private static partial Regex Name();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();
}
