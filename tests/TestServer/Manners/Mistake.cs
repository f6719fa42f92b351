namespace MessageWebSockets.TestServer;

/// <summary>What a <see cref="MannersServer"/> does wrong, and nothing else.</summary>
/// <param name="Check">The check of Test-WsServer that has to find it, and the only one.</param>
/// <param name="What">What it is; tells apart those of one check.</param>
public sealed record Mistake(string Check, string What)
{
    /// <summary>Whether it shows only when the audit has waited for something in vain.</summary>
    public bool IsSilent { get; init; }

    /// <summary>How the server speaks TLS; null for not at all.</summary>
    public Func<TestCertificates, RawTlsOptions>? Tls { get; init; }

    /// <summary>Whether the server wants the header Authorization: Bearer right.</summary>
    public bool WantsCredentials { get; init; }

    /// <summary>Whether it shows only at an address that is not one of the machine itself.</summary>
    public bool IsRemote { get; init; }

    public override string ToString() => What;
}
