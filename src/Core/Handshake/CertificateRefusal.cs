namespace MessageWebSockets.Handshake;

/// <summary>Why a server certificate was refused.</summary>
internal enum CertificateRefusal
{
    /// <summary>It was not.</summary>
    None,

    /// <summary>It has errors that are not ignored.</summary>
    Errors,

    /// <summary>It is none of those that are pinned.</summary>
    Pin,

    /// <summary>A handler of ServerCustomValidationRequested rejected it.</summary>
    Handler,
}
