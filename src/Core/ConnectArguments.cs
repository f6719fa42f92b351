using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets;

/// <summary>Checks what a connect is asked for, before anything is sent.</summary>
internal static class ConnectArguments
{
    public static void CheckUri(Uri uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        if (!uri.IsAbsoluteUri)
        {
            throw new ArgumentException("The address is not an absolute one; WebSocket addresses begin with ws:// or wss://.", nameof(uri));
        }

        if (uri.Scheme != Uri.UriSchemeWs && uri.Scheme != Uri.UriSchemeWss)
        {
            throw new ArgumentException(
                $"An address that begins with {uri.Scheme}: is no WebSocket address; those begin with ws:// or wss://.", nameof(uri));
        }

        if (uri.UserInfo.Length > 0)
        {
            throw new ArgumentException("The address holds a user name or password; give them as a credential.", nameof(uri));
        }

        if (uri.Fragment.Length > 0)
        {
            throw new ArgumentException(
                "The address has a fragment, which WebSocket addresses must not have (RFC 6455 section 3); write # as %23.", nameof(uri));
        }

        if (uri.Port == 0)
        {
            throw new ArgumentException("Port 0 cannot be connected to.", nameof(uri));
        }
    }

    /// <summary>Refuses what was disposed of: a handshake with it fails, and blames the server.</summary>
    /// <param name="certificate">The client certificate; null for none.</param>
    public static void CheckClientCertificate(X509Certificate2? certificate)
    {
        if (IsDisposed(certificate))
        {
            throw new ArgumentException("ClientCertificate was disposed of.");
        }
    }

    /// <inheritdoc cref="CheckClientCertificate"/>
    /// <param name="roots">The roots to trust; null for those of the system.</param>
    public static void CheckRoots(X509Certificate2Collection? roots)
    {
        for (int i = 0; i < roots?.Count; i++)
        {
            if (IsDisposed(roots[i]))
            {
                throw new ArgumentException(
                    roots.Count == 1
                        ? "The certificate in TrustedRoots was disposed of."
                        : $"Certificate {i + 1} of the {roots.Count} in TrustedRoots was disposed of.");
            }
        }
    }

    /// <summary>Whether a certificate was disposed of, and so knows not even its name any more.</summary>
    public static bool IsDisposed(X509Certificate2? certificate) => certificate is { Handle: 0 };

    public static void CheckInbox(InboxFullMode fullMode, bool wholeMessages)
    {
        if (fullMode == InboxFullMode.DropOldest && !wholeMessages)
        {
            throw new ArgumentException(
                "InboxFullMode DropOldest does not go with ReceiveMode PartialMessage: it would discard pieces of messages, "
                + "and what is left of one would look whole. Receive whole messages, or let the inbox wait.");
        }
    }

    public static void CheckHeartbeat(PresetMessage? message, TimeSpan interval)
    {
        if (message is null && interval > TimeSpan.Zero)
        {
            throw new ArgumentException("There is an interval of heartbeats and no message to send as one.");
        }
    }

    /// <summary>A copy of the subprotocols, each a token and named once.</summary>
    /// <param name="supported">The subprotocols.</param>
    /// <param name="isRequired">Whether there has to be one.</param>
    public static string[] CheckedProtocols(IEnumerable<string> supported, bool isRequired = false)
    {
        string[] protocols = [.. supported];
        if (isRequired && protocols.Length == 0)
        {
            throw new ArgumentException("RequireSubProtocol needs a subprotocol to offer, in Control.SupportedProtocols.");
        }

        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (string protocol in protocols)
        {
            if (!HttpToken.IsValid(protocol))
            {
                throw new ArgumentException(
                    $"'{PeerText.SubProtocol(protocol ?? "")}' is no subprotocol name: one is made of ASCII letters, "
                    + "digits and !#$%&'*+-.^_`|~ (RFC 6455 section 4.1).");
            }

            if (!seen.Add(protocol))
            {
                throw new ArgumentException($"The subprotocol '{PeerText.SubProtocol(protocol)}' is offered twice.");
            }
        }

        return protocols;
    }
}
