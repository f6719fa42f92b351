namespace MessageWebSockets.PowerShell;

/// <summary>
/// The errors of a server certificate that can be passed over: those of <see cref="ChainValidationResult"/> that a connection may have
/// and still be one to the server that was meant. A type of its own, so that completion offers what is taken.
/// </summary>
public enum IgnorableCertificateError
{
    /// <summary>It leads to no trusted root.</summary>
    Untrusted = ChainValidationResult.Untrusted,

    /// <summary>It has expired or is not valid yet.</summary>
    Expired = ChainValidationResult.Expired,

    /// <summary>A certificate between it and its root is missing.</summary>
    IncompleteChain = ChainValidationResult.IncompleteChain,

    /// <summary>It was issued for another use.</summary>
    WrongUsage = ChainValidationResult.WrongUsage,

    /// <summary>It is for another name.</summary>
    InvalidName = ChainValidationResult.InvalidName,

    /// <summary>It does not say where to ask whether it was revoked.</summary>
    RevocationInformationMissing = ChainValidationResult.RevocationInformationMissing,

    /// <summary>Whether it was revoked could not be found out.</summary>
    RevocationFailure = ChainValidationResult.RevocationFailure,
}
