using MessageWebSockets.TestServer;

namespace MessageWebSockets.Tests.Reliability;

/// <summary>One set of test certificates for a class of tests: making them takes longer than most tests.</summary>
public sealed class CertificatesFixture : IAsyncDisposable
{
    public TestCertificates Value { get; } = new();

    public ValueTask DisposeAsync() => Value.DisposeAsync();
}
