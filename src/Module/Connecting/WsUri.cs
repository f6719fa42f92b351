using System.Management.Automation;
using System.Net;
using System.Text.RegularExpressions;
using MessageWebSockets.PowerShell.Errors;

namespace MessageWebSockets.PowerShell.Connecting;

/// <summary>Tells addresses that cannot be WebSocket addresses, with the form that was probably meant.</summary>
internal static partial class WsUri
{
    private const string Rule = "WebSocket addresses begin with ws:// or wss://";
    private const string Form = "Write it as ws://host/path or wss://host/path.";

    /// <summary>What is wrong with an address; null if nothing is.</summary>
    public static ErrorRecord? Check(Uri? uri)
    {
        if (uri is null)
        {
            return WsErrors.InvalidUri("The address is empty.", Form, null);
        }

        string given = TerminalText.Escape(Redaction.Of(MalformedUri.TextOf(uri)));
        string bare = Redaction.WithoutHiddenUser(given);
        string apart = bare == given ? "" : ", and give the user name and password with -Credential";
        if (MangledScheme().Match(bare) is { Success: true } mangled)
        {
            return WsErrors.InvalidUri(
                $"'{given}' is no WebSocket address. {Rule}.", $"Try {mangled.Groups["scheme"]}://{bare[mangled.Length..]}{apart}.", given);
        }

        if (uri is MalformedUri)
        {
            return Port().Match(given) is { Success: true } port
                ? WsErrors.InvalidUri(
                    $"{given} names port {port.Value}, and ports end at {IPEndPoint.MaxPort}.", "Name the port of the server.", given)
                : WsErrors.InvalidUri($"'{given}' is no address.", Form, given);
        }

        if (uri.IsAbsoluteUri && uri.Scheme is "ws" or "wss")
        {
            return uri switch
            {
                { UserInfo.Length: > 0 } =>
                    WsErrors.InvalidUri($"{given} holds a user name or password.", "Give them with -Credential.", given),
                { Fragment.Length: > 0 } => WsErrors.InvalidUri(
                    $"{given} has a fragment, which WebSocket addresses must not have (RFC 6455 section 3).",
                    "Leave out what begins with #, or write # as %23.",
                    given),
                { Port: 0 } =>
                    WsErrors.InvalidUri($"{given} names port 0, which cannot be connected to.", "Name the port of the server.", given),
                { Host.Length: 0 } => WsErrors.InvalidUri($"{given} names no host.", Form, given),
                _ => null,
            };
        }

        if (HttpScheme().Match(bare) is { Success: true } http)
        {
            string ws = (http.Groups["secure"].Success ? "wss" : "ws") + bare[http.Length..];
            return WsErrors.InvalidUri($"{given} is an HTTP address. {Rule}.", $"Try {ws}{apart}.", given);
        }

        if (HostAndPort().Match(bare) is { Success: true } host)
        {
            string scheme = host.Groups["port"].Value is "443" or "8443" ? "wss" : "ws";
            string other = scheme == "ws" ? ", or wss:// if the server speaks TLS" : "";
            return WsErrors.InvalidUri($"{given} has no scheme. {Rule}.", $"Try {scheme}://{bare}{other}{apart}.", given);
        }

        return HostAndPath().IsMatch(bare)
            ? WsErrors.InvalidUri($"{given} has no scheme. {Rule}.", $"Try wss://{bare}{apart}.", given)
            : WsErrors.InvalidUri($"'{given}' is no WebSocket address. {Rule}.", Form, given);
    }

    // Of an address that could not be parsed: more than five digits, or a number that begins so.
    [GeneratedRegex(
        "(?<=^[a-z]+://[^/?#]*:)(?:[0-9]{6,}|6553[6-9]|655[4-9][0-9]|65[6-9][0-9]{2}|6[6-9][0-9]{3}|[7-9][0-9]{4})(?=$|[/?#])",
        RegexOptions.IgnoreCase)]
    private static partial Regex Port();

    // ws:/host, wss//host, ws:////host
    [GeneratedRegex(@"^(?<scheme>wss?)(?::[/\\]?|:[/\\]{3,}|[/\\]{2,})(?=[\p{L}\[]|[0-9]+\.)", RegexOptions.IgnoreCase)]
    private static partial Regex MangledScheme();

    [GeneratedRegex("^http(?<secure>s)?(?=://)", RegexOptions.IgnoreCase)]
    private static partial Regex HttpScheme();

    // localhost:8080/x parses as an address of the scheme "localhost".
    [GeneratedRegex(@"^(?:[a-z0-9._-]+|\[[0-9a-f:.%]+\]):(?<port>[0-9]{1,5})(?:$|[/?])", RegexOptions.IgnoreCase)]
    private static partial Regex HostAndPort();

    [GeneratedRegex(@"^[\p{L}\p{N}][\p{L}\p{N}._-]*(?:$|[/?])")]
    private static partial Regex HostAndPath();
}
