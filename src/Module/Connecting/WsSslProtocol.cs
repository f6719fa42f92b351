using System.Security.Authentication;

namespace MessageWebSockets.PowerShell;

/// <summary>
/// The TLS versions that can be allowed. A type of its own, so that completion offers what is taken: <see cref="SslProtocols"/> has older
/// ones, which are refused.
/// </summary>
[Flags]
#pragma warning disable CA1008 // No version is none: the system chooses, as with Default of Invoke-WebRequest.
public enum WsSslProtocol
#pragma warning restore CA1008
{
    /// <summary>The system chooses.</summary>
    Default = SslProtocols.None,

    /// <summary>TLS 1.2.</summary>
    Tls12 = SslProtocols.Tls12,

    /// <summary>TLS 1.3.</summary>
    Tls13 = SslProtocols.Tls13,
}
