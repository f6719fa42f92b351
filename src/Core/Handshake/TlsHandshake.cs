using System.Diagnostics;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.Handshake;

/// <summary>
/// The TLS side of one attempt: what the client allows and presents, how it judges the server's certificate, and why it refused it.
/// </summary>
internal sealed class TlsHandshake(HandshakeSettings settings, HandshakeFindings findings, bool isEntrusted)
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    // Whether the next handshake is with an https:// proxy: always the first on a transport, whatever names the two have.
    private bool _isWithProxy;

    /// <summary>Why the server's certificate was refused; None as long as it was not.</summary>
    public CertificateRefusal Refusal { get; private set; }

    /// <summary>When the server's certificate was judged, in ticks of <see cref="Stopwatch"/>; 0 before.</summary>
    public long JudgedAt { get; private set; }

    /// <summary>What is wrong with the certificate of an https:// proxy; empty as long as it was not refused.</summary>
    public IReadOnlyList<ChainValidationResult> ProxyErrors { get; private set; } = [];

    /// <summary>Whether the TLS handshake that is under way, or failed, is with an https:// proxy.</summary>
    public bool IsWithProxy => _isWithProxy;

    /// <summary>Whether the server asked for a client certificate.</summary>
    public bool AsksForClientCertificate { get; private set; }

    /// <summary>Whether a session may be resumed; whether the server asks for a client certificate then goes unnoticed.</summary>
    public bool MayResume { get; private set; }

    /// <summary>Whether a client certificate is there for the server to ask for.</summary>
    public bool HasClientCertificate => isEntrusted && settings.ClientCertificate is not null;

    /// <summary>Says that a new transport connection is being opened, for what follows on it.</summary>
    /// <param name="isWithProxy">Whether it leads to an https:// proxy.</param>
    public void BeginTransport(bool isWithProxy) => _isWithProxy = isWithProxy;

    /// <summary>Says that another connection met the server's request for a client certificate, which this one could not notice.</summary>
    public void NoteCertificateRequest() => AsksForClientCertificate = true;

    /// <summary>
    /// Whether an error of the server's certificate is one to pass over: at the address that the user gave, not where a stranger's
    /// redirect leads.
    /// </summary>
    public bool IsIgnored(ChainValidationResult error) => isEntrusted && settings.IgnorableServerCertificateErrors.Contains(error);

    /// <summary>Whether the user's settings for this server hold: at its address, and where it redirects within its origin.</summary>
    public bool IsEntrusted => isEntrusted;

    public SslClientAuthenticationOptions CreateOptions(Uri uri)
    {
        SslClientAuthenticationOptions options = new()
        {
            EnabledSslProtocols = settings.SslProtocols,
            RemoteCertificateValidationCallback = Validate,
        };
        MayResume = !HasClientCertificate && ResumableServers.Contains(uri);
        if (!MayResume)
        {
            options.LocalCertificateSelectionCallback = SelectClientCertificate!;
        }

        options.CertificateChainPolicy = CreateChainPolicy();
        return options;
    }

    /// <summary>Says how the attempt at an address ended, for the next one there.</summary>
    /// <param name="uri">The address.</param>
    /// <param name="hasAnswer">Whether the server answered the request.</param>
    public void EndAttempt(Uri uri, bool hasAnswer)
    {
        if (uri.Scheme != "wss")
        {
            return;
        }

        if (hasAnswer && !AsksForClientCertificate)
        {
            ResumableServers.Add(uri);
        }
        else
        {
            ResumableServers.Remove(uri);
        }
    }

    /// <summary>Asks the handlers of ServerCustomValidationRequested, after the default validation has passed.</summary>
    /// <exception cref="AuthenticationException">One rejected the certificate.</exception>
    public async Task RequestCustomValidationAsync(CancellationToken cancellationToken)
    {
        if (settings.CustomValidation is null)
        {
            return;
        }

        if (findings.ServerCertificates is null)
        {
            Refusal = CertificateRefusal.Errors;
            throw new AuthenticationException("There is no certificate to validate.");
        }

        findings.WaitsForJudgement = true;
        bool isAccepted = await settings.CustomValidation(findings, cancellationToken).ConfigureAwait(false);
        findings.WaitsForJudgement = false;
        if (!isAccepted)
        {
            Refusal = CertificateRefusal.Handler;
            throw new AuthenticationException("The certificate was rejected.");
        }
    }

    private X509ChainPolicy CreateChainPolicy()
    {
        X509ChainPolicy policy = new()
        {
            // An address in a certificate nobody has judged yet is the choice of whoever answers: nothing is fetched from there.
            DisableCertificateDownloads = true,
            RevocationMode = settings.RevocationMode,
            RevocationFlag = X509RevocationFlag.ExcludeRoot,
        };
        policy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        if (settings.TrustedRoots is { } roots)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(roots);
        }

        return policy;
    }

    // The framework asks once before the handshake, without the server's certificate, and again when the server wants one.
    private X509Certificate2? SelectClientCertificate(
        object sender,
        string targetHost,
        X509CertificateCollection localCertificates,
        X509Certificate? remoteCertificate,
        string[] acceptableIssuers)
    {
        // Nothing is given before the server asks: the framework would present that and not come back, and whether the server
        // asked is half of the answer to why it hangs up.
        if (_isWithProxy || (remoteCertificate is null && acceptableIssuers.Length == 0))
        {
            return null;
        }

        AsksForClientCertificate = true;
        return HasClientCertificate ? settings.ClientCertificate : null;
    }

    private bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors policyErrors)
    {
        if (_isWithProxy)
        {
            // Nothing that the user said of the server holds for a proxy: no error is ignored, no pin is asked for.
            ProxyErrors = policyErrors == SslPolicyErrors.None ? [] : ServerCertificateValidation.ErrorsOf(policyErrors, chain);
            _isWithProxy = policyErrors != SslPolicyErrors.None;
            return !_isWithProxy;
        }

        IReadOnlyList<ChainValidationResult> errors = ServerCertificateValidation.ErrorsOf(policyErrors, chain);
        findings.ServerCertificateErrors = errors;
        findings.ServerCertificateErrorSeverity = ServerCertificateValidation.SeverityOf(errors);
        if (certificate is not null)
        {
            findings.ServerCertificates = new ServerCertificates(certificate, chain);
        }

        if (sender is SslStream { SslProtocol: not SslProtocols.None and var agreed })
        {
            findings.TlsProtocol = agreed;
        }

        Refusal = Judge(errors);
        JudgedAt = Stopwatch.GetTimestamp();
        return Refusal == CertificateRefusal.None;
    }

    private CertificateRefusal Judge(IReadOnlyList<ChainValidationResult> errors)
    {
        if (findings.ServerCertificates is not { } certificates || !errors.All(IsIgnored))
        {
            return CertificateRefusal.Errors;
        }

        return settings.PinnedCertificateSha256.Count > 0 && !CertificatePin.Matches(settings.PinnedCertificateSha256, certificates.Server)
            ? CertificateRefusal.Pin
            : CertificateRefusal.None;
    }
}
