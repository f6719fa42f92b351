using System.Reflection;
using System.Runtime.CompilerServices;
using Xunit;

namespace MessageWebSockets.Tests.PublicApi;

public sealed class PublicApiTests
{
    // Set to anything, the test writes the list instead of comparing it: for a change of the API that is meant.
    private const string Update = "UPDATE_PUBLIC_API";

    [Fact]
    public void The_public_API_is_what_PublicApi_txt_lists()
    {
        string[] built = [.. ApiListing.Of(typeof(MessageWebSocket).Assembly)];
        if (Environment.GetEnvironmentVariable(Update) is not null)
        {
            File.WriteAllLines(ListPath(), built);
        }

        string[] listed = File.ReadAllLines(ListPath());
        string[] added = [.. built.Except(listed)];
        string[] removed = [.. listed.Except(built)];

        Assert.True(
            added.Length == 0 && removed.Length == 0,
            $"The public API changed. If that is meant, run this test with {Update}=1 and commit PublicApi.txt."
            + $"{Environment.NewLine}+ {string.Join(Environment.NewLine + "+ ", added)}{Environment.NewLine}- "
            + $"{string.Join(Environment.NewLine + "- ", removed)}");
        Assert.Equal(listed.Order(StringComparer.Ordinal), listed);
    }

    [Fact]
    public void The_public_API_needs_nothing_beyond_the_shared_framework()
    {
        string[] foreign =
        [
            .. typeof(MessageWebSocket).Assembly.GetReferencedAssemblies()
                .Select(reference => reference.Name!)
                .Where(name => !name.StartsWith("System.", StringComparison.Ordinal)
                    && !name.StartsWith("Microsoft.Win32.", StringComparison.Ordinal)),
        ];
        Assert.Empty(foreign);
    }

    private static string ListPath([CallerFilePath] string thisFile = "") =>
        Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(thisFile))!, "PublicApi.txt");
}
