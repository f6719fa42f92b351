using System.Management.Automation;
using System.Net;

namespace MessageWebSockets.PowerShell.Connecting;

/// <summary>
/// Credentials that answer the connection and nobody else: a socket is an object that people print, log and convert to JSON, and a
/// NetworkCredential would show its password there.
/// </summary>
internal sealed class ConcealedCredential(PSCredential credential) : ICredentials
{
    /// <inheritdoc/>
    /// <remarks>
    /// Basic and Digest know no domains: a name such as root@pam goes out as it is, and not as pam\root. Basic cannot carry a name
    /// with a colon (RFC 7617 section 2).
    /// </remarks>
    public NetworkCredential? GetCredential(Uri uri, string authType)
    {
        bool isBasic = authType.Equals("Basic", StringComparison.OrdinalIgnoreCase);
        if (isBasic && credential.UserName.Contains(':', StringComparison.Ordinal))
        {
            return null;
        }

        return isBasic || authType.Equals("Digest", StringComparison.OrdinalIgnoreCase)
            ? new NetworkCredential(credential.UserName, credential.Password)
            : credential.GetNetworkCredential();
    }
}
