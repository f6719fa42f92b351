using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Errors;

/// <summary>The errors of a close, and of connections that have ended.</summary>
internal static partial class WsErrors
{
    private const string RenewalAdvice = "-AutoReconnect is on: the next command goes over a new connection.";

    public static ErrorRecord ConnectionClosed(MessageWebSocket socket, string? progress = null, bool isRenewed = false)
    {
        ushort? code = socket.Information.CloseCode;
        string reason = string.IsNullOrEmpty(socket.Information.CloseReason)
            ? ""
            : $" \"{TerminalText.Escape(socket.Information.CloseReason)}\"";
        string close = code is null or 1005 ? "without a code" : $"with code {code}{reason}";
        return Create(
            "ConnectionClosed",
            new InvalidOperationException($"The connection to {Describe(socket)} was closed {close}.{progress}"),
            isRenewed ? RenewalAdvice : "Connect-MessageWebSocket opens a new one.",
            ErrorCategory.ConnectionError,
            socket);
    }

    /// <summary>A connection that is of no use any more, for the reason that its end had, whatever met it.</summary>
    /// <param name="failure">What was met; null where the socket was closed.</param>
    /// <param name="socket">The socket.</param>
    /// <param name="progress">What was done before.</param>
    /// <param name="isRenewed">Whether another connection takes its place without the user's doing.</param>
    public static ErrorRecord Ended(
        MessageWebSocketException? failure, MessageWebSocket socket, string? progress = null, bool isRenewed = false) =>
        socket.Information.CloseCode is null && (socket.Information.Failure ?? failure) is { } known
            ? FromException(known, socket, BrokenAdvice(known), progress, isRenewed)
            : ConnectionClosed(socket, progress is null ? null : " " + progress, isRenewed);

    /// <summary>
    /// Whether a close ended because the peer did not answer it in time; it is the only error of that kind with such a cause.
    /// </summary>
    public static bool IsUnansweredClose(MessageWebSocketException failure) =>
        failure is { Status: WebErrorStatus.Timeout, InnerException: TimeoutException };

    /// <summary>An error with something added to what it says.</summary>
    public static ErrorRecord WithDetail(ErrorRecord error, string detail)
    {
        error.ErrorDetails = new ErrorDetails($"{error.ErrorDetails?.Message ?? error.Exception.Message} {detail}")
        {
            RecommendedAction = error.ErrorDetails?.RecommendedAction ?? "",
        };
        return error;
    }
}
