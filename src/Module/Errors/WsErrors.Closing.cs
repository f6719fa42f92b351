namespace MessageWebSockets.PowerShell.Errors;

/// <summary>The errors of a close.</summary>
internal static partial class WsErrors
{
    /// <summary>
    /// Whether a close ended because the peer did not answer it in time; it is the only error of that kind with such a cause.
    /// </summary>
    public static bool IsUnansweredClose(MessageWebSocketException failure) =>
        failure is { Status: WebErrorStatus.Timeout, InnerException: TimeoutException };
}
