namespace MessageWebSockets.TestServer;

/// <summary>What a <see cref="MannersServer"/> does wrong, and nothing else.</summary>
/// <param name="Check">The check of Test-WsServer that has to find it, and the only one.</param>
/// <param name="What">What it is; tells apart those of one check.</param>
public sealed record Mistake(string Check, string What)
{
    /// <summary>Whether it shows only when the audit has waited for something in vain.</summary>
    public bool IsSilent { get; init; }

    /// <summary>Whether it shows over TLS only.</summary>
    public bool NeedsTls { get; init; }

    public override string ToString() => What;
}
