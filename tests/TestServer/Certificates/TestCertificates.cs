using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.TestServer;

/// <summary>
/// A public key infrastructure of its own for one test: a root that nobody trusts unless told to, an intermediate, and
/// certificates good and bad below it, each made when first asked for. Nothing is written to disk. Names are unique to the
/// object, so that no cache of the platform (intermediates, revocation lists) mixes two of them up.
/// </summary>
public sealed class TestCertificates : IAsyncDisposable
{
    private static readonly TimeSpan Year = TimeSpan.FromDays(365);

    private readonly string _id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
    private readonly Lazy<CertificateAuthority> _root;
    private readonly Lazy<CertificateAuthority> _otherRoot;
    private readonly Lazy<CertificateAuthority> _intermediate;
    private readonly Lazy<CertificateAuthority> _unsentIntermediate;
    private readonly Lazy<CertificateAuthority> _revokingIntermediate;
    private readonly Lazy<RevocationListServer> _lists = new(() => new RevocationListServer());
    private readonly Lazy<ServerCertificate> _server;
    private readonly Lazy<ServerCertificate> _serverRsa;
    private readonly Lazy<ServerCertificate> _expired;
    private readonly Lazy<ServerCertificate> _lastDays;
    private readonly Lazy<ServerCertificate> _notYetValid;
    private readonly Lazy<ServerCertificate> _wrongName;
    private readonly Lazy<ServerCertificate> _wrongUsage;
    private readonly Lazy<ServerCertificate> _selfSigned;
    private readonly Lazy<ServerCertificate> _unknownAuthority;
    private readonly Lazy<ServerCertificate> _incompleteChain;
    private readonly Lazy<X509Certificate2> _revokedLeaf;
    private readonly Lazy<ServerCertificate> _revoked;
    private readonly Lazy<ServerCertificate> _notRevoked;
    private readonly Lazy<ServerCertificate> _revocationOffline;
    private readonly Lazy<X509Certificate2> _client;
    private readonly Lazy<X509Certificate2> _wrongClient;

    public TestCertificates()
    {
        _root = new(() => CertificateAuthority.CreateRoot($"Test root {_id}"));
        _otherRoot = new(() => CertificateAuthority.CreateRoot($"Other root {_id}"));
        _intermediate = new(() => _root.Value.IssueAuthority($"Test intermediate {_id}"));
        _unsentIntermediate = new(() => _root.Value.IssueAuthority($"Unsent intermediate {_id}"));
        _revokingIntermediate = new(CreateRevokingIntermediate);

        LeafRequest good = new("localhost");
        DateTimeOffset now = DateTimeOffset.UtcNow;
        _server = Sent(_intermediate, () => good);
        _serverRsa = Sent(_intermediate, () => good with { Rsa = true });
        _expired = Sent(_intermediate, () => good with { NotBefore = now - (2 * Year), NotAfter = now - TimeSpan.FromDays(1) });
        _lastDays = Sent(_intermediate, () => good with { NotAfter = now + TimeSpan.FromDays(5) });
        _notYetValid = Sent(_intermediate, () => good with { NotBefore = now + TimeSpan.FromDays(1), NotAfter = now + Year });
        _wrongName = Sent(_intermediate, () => new LeafRequest("elsewhere.example"));
        _wrongUsage = Sent(_intermediate, () => good with { Usage = LeafRequest.ClientAuthentication });
        _selfSigned = new(() => new ServerCertificate(CertificateAuthority.SelfSign(good), []));
        _unknownAuthority = new(() => new ServerCertificate(_otherRoot.Value.Issue(good), []));
        _incompleteChain = new(() => new ServerCertificate(_unsentIntermediate.Value.Issue(good), []));
        _revokedLeaf = new(CreateRevokedLeaf);
        _revoked = new(() => new ServerCertificate(_revokedLeaf.Value, [_revokingIntermediate.Value.PublicCertificate]));
        _notRevoked = new(CreateNotRevoked);
        _revocationOffline = Sent(_intermediate, () => good with { RevocationList = RefusedPort.UnservedHttpUri });
        LeafRequest user = new("Test user") { Usage = LeafRequest.ClientAuthentication, IsServer = false };
        _client = new(() => _root.Value.Issue(user));
        _wrongClient = new(() => _otherRoot.Value.Issue(user with { Name = "Wrong user" }));
    }

    /// <summary>What a client has to trust for all but <see cref="SelfSigned"/> and <see cref="UnknownAuthority"/>.</summary>
    public X509Certificate2 Root => _root.Value.PublicCertificate;

    /// <summary><see cref="Root"/> as a collection of its own, to hand to a client or a server.</summary>
    public X509Certificate2Collection Roots => [Root];

    public X509Certificate2 OtherRoot => _otherRoot.Value.PublicCertificate;

    public X509Certificate2 Intermediate => _intermediate.Value.PublicCertificate;

    /// <summary>Right in every way, for localhost, 127.0.0.1 and ::1; ECDSA P-256.</summary>
    public ServerCertificate Server => _server.Value;

    /// <summary>As <see cref="Server"/> with an RSA key of 2048 bits.</summary>
    public ServerCertificate ServerRsa => _serverRsa.Value;

    public ServerCertificate Expired => _expired.Value;

    /// <summary>Good for a few days more.</summary>
    public ServerCertificate LastDays => _lastDays.Value;

    public ServerCertificate NotYetValid => _notYetValid.Value;

    /// <summary>For elsewhere.example only.</summary>
    public ServerCertificate WrongName => _wrongName.Value;

    /// <summary>For client authentication only.</summary>
    public ServerCertificate WrongUsage => _wrongUsage.Value;

    public ServerCertificate SelfSigned => _selfSigned.Value;

    /// <summary>Issued by <see cref="OtherRoot"/>.</summary>
    public ServerCertificate UnknownAuthority => _unknownAuthority.Value;

    /// <summary>Its intermediate is never sent and cannot be fetched.</summary>
    public ServerCertificate IncompleteChain => _incompleteChain.Value;

    /// <summary>The issuer of <see cref="IncompleteChain"/>.</summary>
    public X509Certificate2 UnsentIntermediate => _unsentIntermediate.Value.PublicCertificate;

    /// <summary>On the revocation list that its distribution point (loopback HTTP) serves while this object lives.</summary>
    public ServerCertificate Revoked => _revoked.Value;

    /// <summary>From the same intermediate as <see cref="Revoked"/>, and not on the list.</summary>
    public ServerCertificate NotRevoked => _notRevoked.Value;

    /// <summary>Its distribution point refuses connections.</summary>
    public ServerCertificate RevocationOffline => _revocationOffline.Value;

    /// <summary>A client certificate issued by <see cref="Root"/>.</summary>
    public X509Certificate2 Client => _client.Value;

    /// <summary>A client certificate issued by <see cref="OtherRoot"/>.</summary>
    public X509Certificate2 WrongClient => _wrongClient.Value;

    /// <summary>How often a revocation list was fetched.</summary>
    public int RevocationListRequests => _lists.IsValueCreated ? _lists.Value.Requests : 0;

    /// <summary>As <see cref="IncompleteChain"/>, with an address from which the missing intermediate can be fetched.</summary>
    public ServerCertificate IncompleteChainWith(Uri issuerAddress) =>
        new(_unsentIntermediate.Value.Issue(new LeafRequest("localhost") { IssuerAddress = issuerAddress }), []);

    public async ValueTask DisposeAsync()
    {
        if (_lists.IsValueCreated)
        {
            await _lists.Value.DisposeAsync();
        }

        foreach (Lazy<CertificateAuthority> authority in (Lazy<CertificateAuthority>[])
            [_root, _otherRoot, _intermediate, _unsentIntermediate, _revokingIntermediate])
        {
            if (authority.IsValueCreated)
            {
                authority.Value.Dispose();
            }
        }
    }

    private static Lazy<ServerCertificate> Sent(Lazy<CertificateAuthority> issuer, Func<LeafRequest> request) =>
        new(() => new ServerCertificate(issuer.Value.Issue(request()), [issuer.Value.PublicCertificate]));

    // A client that checks revocation checks the intermediate too, so both lists have to be there.
    private CertificateAuthority CreateRevokingIntermediate() =>
        _root.Value.IssueAuthority($"Revoking intermediate {_id}", _lists.Value.UriOf("intermediate"));

    // The revoked one is on the list from the first time it is served: platforms cache lists, and a list fetched for
    // NotRevoked must not clear Revoked.
    private X509Certificate2 CreateRevokedLeaf()
    {
        CertificateAuthority authority = _revokingIntermediate.Value;
        X509Certificate2 leaf = authority.Issue(new LeafRequest("localhost") { RevocationList = _lists.Value.UriOf("leaf") });
        _lists.Value.Publish("intermediate", _root.Value.CreateRevocationList());
        _lists.Value.Publish("leaf", authority.CreateRevocationList(leaf));
        return leaf;
    }

    private ServerCertificate CreateNotRevoked()
    {
        _ = _revokedLeaf.Value;
        CertificateAuthority authority = _revokingIntermediate.Value;
        X509Certificate2 leaf = authority.Issue(new LeafRequest("localhost") { RevocationList = _lists.Value.UriOf("leaf") });
        return new ServerCertificate(leaf, [authority.PublicCertificate]);
    }
}
