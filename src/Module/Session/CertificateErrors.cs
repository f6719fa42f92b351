namespace MessageWebSockets.PowerShell;

/// <summary>The certificate errors that a user can choose to pass over.</summary>
internal static class CertificateErrors
{
    public static readonly ChainValidationResult[] Ignorable =
    [
        ChainValidationResult.Untrusted,
        ChainValidationResult.Expired,
        ChainValidationResult.IncompleteChain,
        ChainValidationResult.WrongUsage,
        ChainValidationResult.InvalidName,
        ChainValidationResult.RevocationInformationMissing,
        ChainValidationResult.RevocationFailure,
    ];
}
