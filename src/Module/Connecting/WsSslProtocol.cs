using System.Security.Authentication;

namespace MessageWebSockets.PowerShell;

/// <summary>
/// The TLS versions that can be allowed. A type of its own, so that completion offers what is taken: <see cref="SslProtocols"/> has older
/// ones, which are refused.
/// </summary>
[Flags]
#pragma warning disable CA1008 // No version is none: the system chooses, as with Default of Invoke-WebRequest.
#pragma warning disable CA2217, MA0062 // The bits of SslProtocols, which has two for each version: one of the client and one of the server.
public enum WsSslProtocol
#pragma warning restore CA1008, CA2217, MA0062
{
    /// <summary>The system chooses.</summary>
    Default = SslProtocols.None,

    /// <summary>TLS 1.2.</summary>
    Tls12 = SslProtocols.Tls12,

    /// <summary>TLS 1.3.</summary>
    Tls13 = SslProtocols.Tls13,
}
