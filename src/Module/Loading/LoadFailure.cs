using System.Globalization;

namespace MessageWebSockets.PowerShell.Loading;

/// <summary>The names under which failures are counted.</summary>
internal static class LoadFailure
{
    /// <summary>An answer that did not come before the end.</summary>
    public const string NoAnswer = "NoAnswer";

    /// <summary>A message that was due and could not be sent before the end.</summary>
    public const string NotSent = "NotSent";

    public static string KindOf(Exception e) => e switch
    {
        MessageWebSocketException { HttpStatusCode: { } status } failed =>
            string.Create(CultureInfo.InvariantCulture, $"{NameOf(failed)} ({(int)status})"),
        MessageWebSocketException { IsClosedByPeer: false } failed => NameOf(failed),
        OperationCanceledException => nameof(WebErrorStatus.Timeout),
        _ => "ConnectionClosed",
    };

    /// <summary>The end of a connection that its server closed.</summary>
    public static string Closed(ushort code) => string.Create(CultureInfo.InvariantCulture, $"ConnectionClosed ({code})");

    private static string NameOf(MessageWebSocketException e) =>
        e.Status == WebErrorStatus.Unknown ? "WebSocketFailure" : e.Status.ToString();
}
