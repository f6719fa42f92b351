using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.Handshake;

/// <summary>Turns what the framework found wrong with a server certificate into the errors and the severity of the contract.</summary>
internal static class ServerCertificateValidation
{
    public static bool CanBeIgnored(ChainValidationResult error) => error
        is ChainValidationResult.Untrusted
        or ChainValidationResult.Expired
        or ChainValidationResult.IncompleteChain
        or ChainValidationResult.WrongUsage
        or ChainValidationResult.InvalidName
        or ChainValidationResult.RevocationInformationMissing
        or ChainValidationResult.RevocationFailure;

    public static SocketSslErrorSeverity SeverityOf(IReadOnlyCollection<ChainValidationResult> errors) =>
        errors.Count == 0 ? SocketSslErrorSeverity.None
        : errors.All(CanBeIgnored) ? SocketSslErrorSeverity.Ignorable
        : SocketSslErrorSeverity.Fatal;

    /// <summary>Each kind of error once, in the order of the enumeration.</summary>
    public static IReadOnlyList<ChainValidationResult> ErrorsOf(SslPolicyErrors policyErrors, X509Chain? chain) => ErrorsOf(
        policyErrors,
        chain?.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, status) => all | status.Status) ?? X509ChainStatusFlags.NoError);

    /// <inheritdoc cref="ErrorsOf(SslPolicyErrors, X509Chain)"/>
    public static IReadOnlyList<ChainValidationResult> ErrorsOf(SslPolicyErrors policyErrors, X509ChainStatusFlags chainErrors)
    {
        SortedSet<ChainValidationResult> errors = [];
        if (policyErrors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            errors.Add(ChainValidationResult.InvalidName);
        }

        if (policyErrors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
        {
            errors.Add(ChainValidationResult.OtherErrors);
        }

        if (policyErrors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
        {
            AddChainErrors(chainErrors, errors);
            if (errors.Count == 0)
            {
                errors.Add(ChainValidationResult.OtherErrors);
            }
        }

        return [.. errors];
    }

    private static void AddChainErrors(X509ChainStatusFlags flags, SortedSet<ChainValidationResult> errors)
    {
        X509ChainStatusFlags rest = flags;

        void Map(X509ChainStatusFlags mask, ChainValidationResult error)
        {
            if ((flags & mask) != 0)
            {
                errors.Add(error);
                rest &= ~mask;
            }
        }

        Map(X509ChainStatusFlags.UntrustedRoot, ChainValidationResult.Untrusted);
        Map(X509ChainStatusFlags.Revoked, ChainValidationResult.Revoked);
        Map(X509ChainStatusFlags.NotTimeValid, ChainValidationResult.Expired);
        Map(X509ChainStatusFlags.PartialChain, ChainValidationResult.IncompleteChain);
        Map(X509ChainStatusFlags.NotSignatureValid, ChainValidationResult.InvalidSignature);
        Map(X509ChainStatusFlags.NotValidForUsage, ChainValidationResult.WrongUsage);
        Map(
            X509ChainStatusFlags.InvalidPolicyConstraints | X509ChainStatusFlags.NoIssuanceChainPolicy,
            ChainValidationResult.InvalidCertificateAuthorityPolicy);
        Map(X509ChainStatusFlags.InvalidBasicConstraints, ChainValidationResult.BasicConstraintsError);
        Map(X509ChainStatusFlags.HasNotSupportedCriticalExtension, ChainValidationResult.UnknownCriticalExtension);

        // An unreachable revocation service leaves the status unknown as well; that consequence is not a second error.
        Map(X509ChainStatusFlags.OfflineRevocation, ChainValidationResult.RevocationFailure);
        if (errors.Contains(ChainValidationResult.RevocationFailure))
        {
            rest &= ~X509ChainStatusFlags.RevocationStatusUnknown;
        }
        else
        {
            Map(X509ChainStatusFlags.RevocationStatusUnknown, ChainValidationResult.RevocationInformationMissing);
        }

        if (rest != X509ChainStatusFlags.NoError)
        {
            errors.Add(ChainValidationResult.OtherErrors);
        }
    }
}
