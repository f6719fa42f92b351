namespace MessageWebSockets;

/// <summary>What a certificate chain failed on (Windows.Security.Cryptography.Certificates.ChainValidationResult).</summary>
public enum ChainValidationResult
{
    /// <summary>The chain is valid.</summary>
    Success = 0,

    /// <summary>The chain ends in a root that is not trusted.</summary>
    Untrusted = 1,

    /// <summary>A certificate of the chain was revoked.</summary>
    Revoked = 2,

    /// <summary>A certificate of the chain has expired or is not valid yet.</summary>
    Expired = 3,

    /// <summary>An intermediate certificate is missing.</summary>
    IncompleteChain = 4,

    /// <summary>A signature of the chain does not verify.</summary>
    InvalidSignature = 5,

    /// <summary>The certificate is not meant for a server.</summary>
    WrongUsage = 6,

    /// <summary>The certificate does not name the host that was connected to.</summary>
    InvalidName = 7,

    /// <summary>A policy constraint of the chain does not hold.</summary>
    InvalidCertificateAuthorityPolicy = 8,

    /// <summary>A basic constraint of the chain does not hold.</summary>
    BasicConstraintsError = 9,

    /// <summary>A critical extension is not known.</summary>
    UnknownCriticalExtension = 10,

    /// <summary>The chain says nothing about where revocation can be looked up, or the answer was not usable.</summary>
    RevocationInformationMissing = 11,

    /// <summary>The revocation service could not be reached.</summary>
    RevocationFailure = 12,

    /// <summary>Any other error of the chain.</summary>
    OtherErrors = 13,
}
