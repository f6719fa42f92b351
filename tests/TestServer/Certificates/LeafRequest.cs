using System.Security.Cryptography;

namespace MessageWebSockets.TestServer;

/// <summary>What a certificate is to say.</summary>
internal sealed record LeafRequest(string Name)
{
    public const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    public const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    public DateTimeOffset NotBefore { get; init; } = DateTimeOffset.UtcNow.AddDays(-1);

    public DateTimeOffset NotAfter { get; init; } = DateTimeOffset.UtcNow.AddDays(90);

    public string Usage { get; init; } = ServerAuthentication;

    /// <summary>Whether it gets subject alternative names.</summary>
    public bool IsServer { get; init; } = true;

    public bool Rsa { get; init; }

    public Uri? RevocationList { get; init; }

    /// <summary>Where it says that its issuer's certificate can be fetched.</summary>
    public Uri? IssuerAddress { get; init; }

    public AsymmetricAlgorithm CreateKey() => Rsa ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
}
