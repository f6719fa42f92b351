using Xunit;

namespace MessageWebSockets.Tests.Reliability;

/// <summary>Tests that measure the whole process: memory, file descriptors. They run alone, after the others.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class QuietCollection
{
    public const string Name = "Measures the process";
}
