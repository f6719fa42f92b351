namespace MessageWebSockets.PowerShell;

/// <summary>
/// What -AutoReconnect asked for, shared by a socket and those that took its place. The connection is renewed by the cmdlet that
/// needs it: its streams show each attempt, and no connection is made that nobody uses.
/// </summary>
internal sealed class Reconnection(MessageWebSocket socket, int maximumRetryCount, TimeSpan interval)
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(60);

    private MessageWebSocket _latest = socket;

    public int MaximumRetryCount => maximumRetryCount;

    /// <summary>The socket now in use in place of the first one.</summary>
    public MessageWebSocket Latest
    {
        get => Volatile.Read(ref _latest);
        set => Volatile.Write(ref _latest, value);
    }

    /// <summary>Whether all attempts failed; then the socket stays ended.</summary>
    public bool GaveUp { get; set; }

    /// <summary>How many attempts this series of losses has cost; under <see cref="Gate"/>.</summary>
    public int Attempts { get; set; }

    /// <summary>One cmdlet renews the connection, whichever runspace it is in; the others wait for it here.</summary>
    public SemaphoreSlim Gate { get; } = new(1, 1);

    /// <summary>The socket in use in place of a given one: itself, unless it was reconnected.</summary>
    public static MessageWebSocket LatestOf(MessageWebSocket socket) => SocketExtras.Of(socket).Reconnection?.Latest ?? socket;

    /// <summary>Whether a socket is to be reconnected when it is next used.</summary>
    public static bool IsDue(MessageWebSocket socket) => SocketExtras.Of(socket).Reconnection is { GaveUp: false } && IsWorthwhile(socket);

    /// <summary>Whether an end is one to reconnect after: a lost connection, or a server that says it goes away for a while.</summary>
    public static bool IsWorthwhile(MessageWebSocket socket) =>
        socket.State == MessageWebSocketState.Aborted
        || (socket.State == MessageWebSocketState.Closed && socket.Information.CloseCode is 1001 or 1006 or 1011 or 1012 or 1013 or 1014);

    /// <summary>Whether a failed connect may succeed later without anything being changed here.</summary>
    public static bool IsWorthwhile(MessageWebSocketException failure) => failure.Status
        is WebErrorStatus.CannotConnect or WebErrorStatus.HostNameNotResolved or WebErrorStatus.ServerUnreachable
        or WebErrorStatus.Timeout or WebErrorStatus.ConnectionAborted or WebErrorStatus.ConnectionReset or WebErrorStatus.Disconnected
        or WebErrorStatus.RequestTimeout or WebErrorStatus.InternalServerError or WebErrorStatus.BadGateway
        or WebErrorStatus.ServiceUnavailable or WebErrorStatus.GatewayTimeout
        || failure.HttpStatusCode == System.Net.HttpStatusCode.TooManyRequests;

    /// <summary>How long to wait before an attempt: doubled each time up to a minute, half of it by chance so that clients do not return in step.</summary>
    /// <param name="attempt">1 for the first.</param>
    /// <param name="interval">The delay of the first attempt.</param>
    public static TimeSpan Delay(int attempt, TimeSpan interval)
    {
        double seconds = Math.Min(interval.TotalSeconds * Math.Pow(2, Math.Min(attempt - 1, 30)), LongestDelay.TotalSeconds);
        return TimeSpan.FromSeconds(seconds * (0.5 + (0.5 * Random.Shared.NextDouble())));
    }

    public TimeSpan Delay(int attempt) => Delay(attempt, interval);
}
