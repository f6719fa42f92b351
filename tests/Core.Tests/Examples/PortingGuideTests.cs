using Xunit;

namespace MessageWebSockets.Tests.Examples;

public sealed class PortingGuideTests
{
    [Fact]
    public void The_porting_guide_names_tests_that_exist()
    {
        (int named, string[] missing) = NamedTests.In("docs/porting.md");

        Assert.True(named > 80, $"Only {named} tests are named.");
        Assert.True(missing.Length == 0, $"docs/porting.md names tests that do not exist: {string.Join(", ", missing)}");
    }
}
