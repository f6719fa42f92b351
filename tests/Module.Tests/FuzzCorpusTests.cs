using MessageWebSockets.Fuzz;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests;

/// <summary>What guided fuzzing begins with, and what it once found, passes its target in every run.</summary>
public sealed class FuzzCorpusTests
{
    public static TheoryData<string> Targets => [.. FuzzTarget.All.Select(static target => target.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Every_input_of_the_corpus_passes_its_target(string name)
    {
        FuzzTarget target = FuzzTarget.All.Single(target => target.Name == name);
        string[] files = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Corpus", name));

        Assert.NotEmpty(files);
        Assert.All(files, file => target.Run(File.ReadAllBytes(file)));
    }
}
