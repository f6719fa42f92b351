using System.Net;

namespace MessageWebSockets.PowerShell;

/// <summary>
/// Credentials that answer the connection and nobody else: a socket is an object that people print, log and convert to JSON, and a
/// NetworkCredential would show its password there.
/// </summary>
internal sealed class ConcealedCredential(ICredentials credentials) : ICredentials
{
    /// <inheritdoc/>
    public NetworkCredential? GetCredential(Uri uri, string authType) => credentials.GetCredential(uri, authType);
}
