using System.Management.Automation;
using System.Text.RegularExpressions;

namespace MessageWebSockets.PowerShell;

/// <summary>Tells addresses that cannot be WebSocket addresses, with the form that was probably meant.</summary>
internal static partial class WsUri
{
    /// <summary>What is wrong with an address; null if nothing is.</summary>
    public static ErrorRecord? Check(Uri uri)
    {
        string given = Redaction.Of(uri.OriginalString);
        if (uri.IsAbsoluteUri && uri.Scheme is "ws" or "wss")
        {
            return uri switch
            {
                { UserInfo.Length: > 0 } => WsErrors.InvalidUri($"{given} holds a user name or password.", "Give them with -Credential.", given),
                { Fragment.Length: > 0 } => WsErrors.InvalidUri(
                    $"{given} has a fragment, which WebSocket addresses must not have (RFC 6455 section 3).", "Leave out what begins with #, or write # as %23.", given),
                { Port: 0 } => WsErrors.InvalidUri($"{given} names port 0, which cannot be connected to.", "Name the port of the server.", given),
                { Host.Length: 0 } => WsErrors.InvalidUri($"{given} names no host.", "Write it as ws://host/path or wss://host/path.", given),
                _ => null,
            };
        }

        const string Rule = "WebSocket addresses begin with ws:// or wss://";
        if (HttpScheme().Match(given) is { Success: true } http)
        {
            string ws = (http.Groups["secure"].Success ? "wss" : "ws") + given[http.Length..];
            return WsErrors.InvalidUri($"{given} is an HTTP address. {Rule}.", $"Try {ws}.", given);
        }

        if (HostAndPort().Match(given) is { Success: true } host)
        {
            string scheme = host.Groups["port"].Value is "443" or "8443" ? "wss" : "ws";
            string other = scheme == "ws" ? ", or wss:// if the server speaks TLS" : "";
            return WsErrors.InvalidUri($"{given} has no scheme. {Rule}.", $"Try {scheme}://{given}{other}.", given);
        }

        return HostAndPath().IsMatch(given)
            ? WsErrors.InvalidUri($"{given} has no scheme. {Rule}.", $"Try wss://{given}.", given)
            : WsErrors.InvalidUri($"'{given}' is no WebSocket address. {Rule}.", "Write it as ws://host/path or wss://host/path.", given);
    }

    [GeneratedRegex("^http(?<secure>s)?(?=://)", RegexOptions.IgnoreCase)]
    private static partial Regex HttpScheme();

    // localhost:8080/x parses as an address of the scheme "localhost".
    [GeneratedRegex(@"^(?:[a-z0-9._-]+|\[[0-9a-f:.%]+\]):(?<port>[0-9]{1,5})(?:$|[/?])", RegexOptions.IgnoreCase)]
    private static partial Regex HostAndPort();

    [GeneratedRegex(@"^[\p{L}\p{N}][\p{L}\p{N}._-]*(?:$|[/?])")]
    private static partial Regex HostAndPath();
}
