using System.Runtime.CompilerServices;
using Xunit;

namespace MessageWebSockets.Tests.Architecture;

/// <summary>No line of code is longer than the max_line_length of .editorconfig, which no compiler and no analyzer looks at.</summary>
public sealed class LineLengthTests
{
    private const int Longest = 140;

    // What a build makes is none of our writing.
    private static readonly string[] s_generated = ["artifacts", "bin", "obj"];

    private static readonly string[] s_extensions = [".cs", ".ps1", ".psm1", ".psd1"];

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    [InlineData("bench")]
    [InlineData("tools")]
    [InlineData("examples")]
    [InlineData("profiles")]
    [InlineData("docs")]
    [InlineData("")]
    public void No_line_of_code_is_longer_than_the_limit(string folder)
    {
        string root = RootPath();
        EnumerationOptions options = new() { RecurseSubdirectories = folder.Length > 0 };
        string[] files =
        [
            .. Directory.EnumerateFiles(Path.Combine(root, folder), "*", options)
                .Where(static file => s_extensions.Contains(Path.GetExtension(file), StringComparer.Ordinal))
                .Where(file => !Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar).Intersect(s_generated).Any()),
        ];
        string[] tooLong =
        [
            .. files.SelectMany(static file => File.ReadLines(file).Select((line, index) => (File: file, Line: index + 1, line.Length)))
                .Where(static one => one.Length > Longest)
                .Select(one => $"{Path.GetRelativePath(root, one.File)}:{one.Line} has {one.Length} columns"),
        ];

        Assert.NotEmpty(files);
        Assert.True(tooLong.Length == 0, $"Break these lines at {Longest} columns:\n{string.Join('\n', tooLong)}");
    }

    [Fact]
    public void The_limit_is_that_of_editorconfig() =>
        Assert.Contains($"max_line_length = {Longest}", File.ReadLines(Path.Combine(RootPath(), ".editorconfig")));

    private static string RootPath([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "../../.."));
}
