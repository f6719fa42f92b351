using System.Text.RegularExpressions;

namespace MessageWebSockets.PowerShell.Errors;

/// <summary>What the library says, for those who use cmdlets: its messages name its own settings and end in its own advice.</summary>
internal static partial class LibraryText
{
    private static readonly Dictionary<string, string> Parameters = new()
    {
        ["ConnectTimeout"] = "-ConnectionTimeoutSeconds",
        ["MaximumRedirection"] = "-MaximumRedirection",
        ["MaxMessageSize"] = "-MaxMessageSize",
        ["InboxFullMode"] = "-InboxFullMode",
        ["ReceiveMode"] = "-ReceiveMode",
        ["TrustedRoots"] = "-TrustedRoot",
        ["ClientCertificate"] = "-Certificate",
        ["ProxyCredential"] = "-ProxyCredential",
        ["the proxy credential"] = "-ProxyCredential",
        ["Control.SupportedProtocols"] = "-SubProtocol",
        ["RequireSubProtocol"] = "-RequireSubProtocol",
        ["OnConnected"] = "-OnConnected",
        ["AllowedOrigins"] = "-AllowedOrigin",
        ["ServerCustomValidationRequested"] = "-CertificateValidation",
    };

    /// <summary>A text with the names of parameters in place of those of settings.</summary>
    public static string WithParameters(string text) => Setting().Replace(text, static found => Parameters[found.Value]);

    /// <summary>The message of an exception, and what it advises; empty where it advises nothing that is not part of the message.</summary>
    public static (string Message, string Advice) Of(MessageWebSocketException e)
    {
        string message = Shown(e);
        if (IgnoreAdvice().Match(message) is { Success: true } ignore)
        {
            string errors = ignore.Groups["errors"].Value;
            bool isAuthority = errors.Contains(nameof(ChainValidationResult.Untrusted), StringComparison.Ordinal)
                || errors.Contains(nameof(ChainValidationResult.IncompleteChain), StringComparison.Ordinal);
            string trust = isAuthority
                ? "If a private authority issued it, give that authority's root certificate with -TrustedRoot. "
                : "";
            return (message[..ignore.Index], $"{trust}To connect all the same: -IgnoreCertificateError {errors}.");
        }

        if (PinAdvice().Match(message) is { Success: true } pin)
        {
            return (
                message[..pin.Index],
                "If the server changed its certificate, give the hash of the new one with -PinnedCertificateSha256.");
        }

        return SettingAdvice().Match(message) is { Success: true } setting
            ? (WithParameters(message[..setting.Index]), WithParameters(setting.Value.TrimStart()))
            : (WithParameters(message), "");
    }

    /// <summary>Why a connection was lost, in a sentence that names its peer.</summary>
    public static string Reason(MessageWebSocketException e) => ReconnectAdvice().Replace(Of(e).Message, ".");

    private static string Shown(MessageWebSocketException e)
    {
        string message = e.PeerUri is { } peer
            ? e.Message.Replace(peer.ToString(), Redaction.Of(peer), StringComparison.Ordinal)
            : e.Message;
        return TerminalText.Escape(message);
    }

    [GeneratedRegex(
        @"(?<![-.\w])(?:ConnectTimeout|MaximumRedirection|MaxMessageSize|InboxFullMode|ReceiveMode|TrustedRoots|ClientCertificate"
        + @"|ProxyCredential|the proxy credential|RequireSubProtocol|OnConnected|AllowedOrigins|ServerCustomValidationRequested"
        + @"|Control\.SupportedProtocols)(?!\w)")]
    private static partial Regex Setting();

    [GeneratedRegex(@" To connect all the same, ignore: (?<errors>[A-Za-z, ]+)\.$")]
    private static partial Regex IgnoreAdvice();

    [GeneratedRegex(@" If the server changed its certificate, pin the new one\.$")]
    private static partial Regex PinAdvice();

    [GeneratedRegex(@" (?:(?:Raise [A-Z]\w+|It points elsewhere:)[^.]*\.|It redirects to itself;[^?]*\?)$")]
    private static partial Regex SettingAdvice();

    [GeneratedRegex(@"(?:; connect again|\. Connect again to go on)\.$")]
    private static partial Regex ReconnectAdvice();

    /// <summary>An argument's error without the name of a .NET parameter behind it.</summary>
    public static string WithoutParameterName(ArgumentException e) => e.ParamName is { } name
        ? e.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal)
        : e.Message;
}
