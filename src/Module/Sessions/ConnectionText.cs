using System.Management.Automation;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MessageWebSockets.PowerShell.Errors;

namespace MessageWebSockets.PowerShell;

/// <summary>What the views show of a connection and of its settings: without secrets, and with visible escapes.</summary>
public static class ConnectionText
{
    /// <summary>An address without user information and query.</summary>
    /// <param name="address">An address, or the part of one that a request names; null for none.</param>
    public static string Address(object? address) => (address is PSObject wrapped ? wrapped.BaseObject : address) switch
    {
        Uri uri => TerminalText.Escape(Redaction.Of(uri)),
        string text => TerminalText.Escape(text.StartsWith('/') ? Redaction.Path(text) : Redaction.Of(text)),
        _ => "",
    };

    /// <summary>How many messages there are, and not what is in them: one may be a login.</summary>
    /// <param name="messages">The messages that are sent first on a connection.</param>
    public static string Count(IReadOnlyCollection<PresetMessage> messages)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return messages.Count switch
        {
            0 => "",
            1 => "1 message",
            var count => $"{count} messages",
        };
    }

    /// <summary>The agreed subprotocol, without a token in it.</summary>
    /// <param name="information">What is known of the connection.</param>
    public static string Protocol(WebSocketInformation information) => TerminalText.Escape(Redaction.AgreedProtocol(information));

    /// <summary>A subprotocol, without a token in it.</summary>
    /// <param name="name">Its name.</param>
    public static string Protocol(string name) => TerminalText.Escape(Redaction.Protocol(name));

    /// <summary>Subprotocols that are offered, without tokens.</summary>
    /// <param name="names">Their names.</param>
    public static string[] Protocols(IEnumerable<string> names) =>
        [.. Redaction.Protocols(names).Select(static name => TerminalText.Escape(name))];

    /// <summary>Parameters of compression that are offered or agreed on.</summary>
    /// <param name="parameters">The parameters; null for no compression.</param>
    public static string Compression(WebSocketDeflateOptions? parameters) => parameters is null
        ? ""
        : $"permessage-deflate (windows 2^{parameters.ClientMaxWindowBits} out, 2^{parameters.ServerMaxWindowBits} in)";

    /// <summary>The headers of an answer, one a line, without secrets.</summary>
    /// <param name="information">What is known of the connection.</param>
    public static string Headers(WebSocketInformation information)
    {
        ArgumentNullException.ThrowIfNull(information);
        return Lines(
            information.HandshakeHeaders.SelectMany(static header => header.Value, static (header, value) => (header.Key, value)),
            information.Handshake.OfferedProtocols);
    }

    /// <summary>The headers of a request, one a line, without secrets.</summary>
    /// <param name="headers">Their names and values.</param>
    public static string Headers(IReadOnlyDictionary<string, string> headers)
    {
        ArgumentNullException.ThrowIfNull(headers);
        return Lines(headers.Select(static header => (header.Key, header.Value)), []);
    }

    /// <summary>Certificates by their subjects, one a line; what of one cannot be read is left out.</summary>
    /// <param name="certificates">One certificate or several; null for none.</param>
    public static string Certificates(object? certificates) => (certificates is PSObject wrapped ? wrapped.BaseObject : certificates) switch
    {
        X509Certificate2 one => Certificate(one),
        IEnumerable<X509Certificate2> several => string.Join('\n', several.Select(static certificate => Certificate(certificate))),
        _ => "",
    };

    private static string Certificate(X509Certificate2 certificate)
    {
        try
        {
            return $"{TerminalText.Escape(certificate.Subject)}, issued by {TerminalText.Escape(certificate.Issuer)}, "
                + $"expires {TerminalText.Time(certificate.NotAfter, "yyyy-MM-dd")}, {certificate.Thumbprint}";
        }
        catch (CryptographicException)
        {
            return "";
        }
    }

    private static string Lines(IEnumerable<(string Name, string Value)> headers, IReadOnlyList<string> offered) => string.Join(
        '\n',
        headers.Select(header =>
            $"{TerminalText.Escape(header.Name)}: {TerminalText.Escape(Redaction.Header(header.Name, header.Value, offered))}"));
}
