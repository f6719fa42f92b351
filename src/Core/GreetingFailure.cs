using System.Globalization;

namespace MessageWebSockets;

/// <summary>Tells that what is done first with a connection failed.</summary>
internal static class GreetingFailure
{
    /// <param name="uri">The address.</param>
    /// <param name="cause">What the greeting met.</param>
    /// <param name="close">The close that the peer began, which may be why; null for none.</param>
    public static MessageWebSocketException Of(Uri uri, Exception cause, WebSocketCloseResult? close)
    {
        string closed = close is null || cause is MessageWebSocketException { IsClosedByPeer: true }
            ? ""
            : $" The server closed the connection {PeerText.Close(close.Code, close.Reason)}.";
        return new MessageWebSocketException(
            $"The connection to {PeerText.Name(uri)} was opened, but what is to be done first with it failed: "
            + $"{cause.Message}{closed}",
            (cause as MessageWebSocketException)?.HResult ?? (close is null ? HResults.Other : HResults.ConnectionAborted),
            cause)
        {
            Status = (cause as MessageWebSocketException)?.Status
                ?? (close is null ? WebErrorStatus.Unknown : WebErrorStatus.ConnectionAborted),
            PeerUri = uri,
            IsClosedByPeer = close is not null,
        };
    }

    /// <param name="uri">The address.</param>
    /// <param name="longest">How long connecting and greeting might take together.</param>
    /// <param name="cause">What ended the wait.</param>
    public static MessageWebSocketException TookTooLong(Uri uri, TimeSpan longest, Exception cause) =>
        new(
            $"The connection to {PeerText.Name(uri)} was opened, but what is to be done first with it was not done within "
            + $"{longest.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)} s. Raise ConnectTimeout to wait longer.",
            HResults.Timeout,
            cause)
        {
            PeerUri = uri,
        };
}
