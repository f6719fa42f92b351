using Xunit;

namespace MessageWebSockets.Tests.Framing;

public sealed class AgreementTests
{
    // A few of the streams that the fuzzer draws, always the same ones: they are over in a moment and need no network.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public Task Our_framing_and_the_frameworks_agree_on_these_streams(int seed) => FramingComparison.RunAsync(seed);
}
