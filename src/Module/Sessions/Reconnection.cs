using System.Collections.Immutable;
using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Sessions;

/// <summary>
/// What -AutoReconnect asked for, shared by a socket and those that took its place. The connection is renewed by the cmdlet that
/// needs it: its streams show each attempt, and no connection is made that nobody uses.
/// </summary>
internal sealed class Reconnection(MessageWebSocket socket, int maximumRetryCount, TimeSpan interval)
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ShortestUse = TimeSpan.FromSeconds(1);

    // What every timer of .NET can be set to: 24 days.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromMilliseconds(int.MaxValue);

    private readonly Lock _lock = new();
    private MessageWebSocket _latest = socket;
    private ImmutableArray<MessageWebSocket> _replaced = [];
    private Ending? _untold;

    public int MaximumRetryCount => maximumRetryCount;

    /// <summary>The socket now in use in place of the first one.</summary>
    public MessageWebSocket Latest => Volatile.Read(ref _latest);

    /// <summary>Whether all attempts failed; then the socket stays ended.</summary>
    public bool GaveUp { get; private set; }

    /// <summary>Whether nobody has told yet that all attempts failed.</summary>
    public bool IsUntold => Volatile.Read(ref _untold) is not null;

    /// <summary>Whether the user closed the connection, which ends all attempts.</summary>
    public bool IsClosed => ClosingSource.IsCancellationRequested;

    /// <summary>Cancelled when the user closes the connection.</summary>
    public CancellationToken Closing => ClosingSource.Token;

    /// <summary>How many attempts this series of losses has cost; under <see cref="Gate"/>, as all that follows.</summary>
    public int Attempts { get; private set; }

    /// <summary>Whether another attempt may be made.</summary>
    public bool HasAttemptsLeft => Attempts < maximumRetryCount;

    /// <summary>How the attempts ended, in a sentence; null while that is open.</summary>
    public string? Outcome => !GaveUp ? null
        : $"Given up after {Attempts} attempt{(Attempts == 1 ? "" : "s")} to reconnect"
            + (HasAttemptsLeft ? "." : ", as many as -MaximumRetryCount allows.");

    /// <summary>When the next attempt is due, by <see cref="Environment.TickCount64"/>; null where that is not settled.</summary>
    private long? Due { get; set; }

    private MessageWebSocket? Noticed { get; set; }

    /// <summary>One cmdlet renews the connection, whichever runspace it is in; the others wait for it here.</summary>
    public SemaphoreSlim Gate { get; } = new(1, 1);

    // It has no timer, and so nothing to be disposed of.
    private CancellationTokenSource ClosingSource { get; } = new();

    /// <summary>The sockets to receive from: those that were replaced and still hold messages, then the one in use.</summary>
    public IEnumerable<MessageWebSocket> Readable => _replaced.Where(HoldsMessages).Append(Latest);

    /// <summary>
    /// Whether an end is one to reconnect after: a lost connection, a server that says it goes away for a while, or a close that half a
    /// message made necessary, whatever the server answers to that.
    /// </summary>
    public static bool IsWorthwhile(MessageWebSocket socket) =>
        socket.State == MessageWebSocketState.Aborted
        || (socket.State is MessageWebSocketState.Closed or MessageWebSocketState.Closing
            && (SocketExtras.Of(socket).IsCutOff || socket.Information.CloseCode is 1001 or 1006 or 1011 or 1012 or 1013 or 1014));

    /// <summary>
    /// Whether a failed connect may succeed later without anything being changed here. A script of -OnConnected that threw is such a
    /// failure: what a server says to a login may change.
    /// </summary>
    public static bool IsWorthwhile(MessageWebSocketException failure) => failure.Status
        is WebErrorStatus.CannotConnect or WebErrorStatus.HostNameNotResolved or WebErrorStatus.ServerUnreachable
        or WebErrorStatus.Timeout or WebErrorStatus.ConnectionAborted or WebErrorStatus.ConnectionReset or WebErrorStatus.Disconnected
        or WebErrorStatus.RequestTimeout or WebErrorStatus.InternalServerError or WebErrorStatus.BadGateway
        or WebErrorStatus.ServiceUnavailable or WebErrorStatus.GatewayTimeout
        || failure.HttpStatusCode == System.Net.HttpStatusCode.TooManyRequests
        || failure.InnerException is RuntimeException;

    /// <summary>
    /// Whether a connection that was lost had been of use; only those that were not are attempts of one series. A server that takes each
    /// connection and drops it at once is not to be called on for ever, nor one to be given up that merely ends what is idle.
    /// </summary>
    /// <param name="received">How many messages it brought.</param>
    /// <param name="openFor">How long it was open.</param>
    /// <param name="attempts">How many attempts the series has cost, the one that opened it included.</param>
    /// <param name="interval">The delay of the first attempt.</param>
    public static bool WasOfUse(long received, TimeSpan openFor, int attempts, TimeSpan interval)
    {
        TimeSpan delay = LongestBefore(attempts, interval);
        return received > 0 || openFor >= (delay > ShortestUse ? delay : ShortestUse);
    }

    /// <summary>
    /// How long to wait before an attempt: doubled each time up to a minute, half of it by chance so that clients do not return in
    /// step; never less than what the server asked for.
    /// </summary>
    /// <param name="attempt">1 for the first.</param>
    /// <param name="interval">The delay of the first attempt.</param>
    /// <param name="failure">How the attempt before it failed; null if there was none.</param>
    public static TimeSpan Delay(int attempt, TimeSpan interval, MessageWebSocketException? failure)
    {
        TimeSpan own = LongestBefore(attempt, interval) * (0.5 + (0.5 * Random.Shared.NextDouble()));
        TimeSpan asked = failure?.RetryAfter ?? TimeSpan.Zero;
        return asked > LongestTimer ? LongestTimer : asked > own ? asked : own;
    }

    /// <summary>Begins a series of attempts, or goes on with one.</summary>
    /// <param name="lost">The socket that was lost.</param>
    /// <returns>Whether this loss is news: a cmdlet whose time was over leaves the rest of the attempts to the next one.</returns>
    public bool Notice(MessageWebSocket lost)
    {
        if (lost == Noticed)
        {
            return false;
        }

        Noticed = lost;
        Due = null;
        if (WasOfUse(lost.Information.MessagesReceived, lost.Information.OpenFor, Attempts, interval))
        {
            Attempts = 0;
        }

        return true;
    }

    /// <summary>How long to wait for the next attempt; no wait begins anew because another cmdlet goes on with it.</summary>
    /// <param name="failure">How the attempt before it failed; null if there was none.</param>
    public TimeSpan UntilNext(MessageWebSocketException? failure)
    {
        Due ??= Environment.TickCount64 + (long)Delay(Attempts + 1, interval, failure).TotalMilliseconds;
        return TimeSpan.FromMilliseconds(Math.Max(0, Due.Value - Environment.TickCount64));
    }

    /// <summary>An attempt is made.</summary>
    public void Begin()
    {
        Attempts++;
        Due = null;
    }

    /// <summary>An attempt was cut off by the limit of a cmdlet: it says nothing, and the next one need not wait.</summary>
    public void Withdraw()
    {
        Attempts--;
        Due = Environment.TickCount64;
    }

    /// <summary>Makes no more attempts; the cmdlet that needed the connection tells that, and the loss with it, in one error.</summary>
    /// <param name="last">How the last attempt failed; null where one gave a connection that was lost, or was stopped.</param>
    public void GiveUp(ErrorRecord? last)
    {
        GaveUp = true;
        Volatile.Write(ref _untold, new Ending(last));
    }

    /// <summary>How the last attempt failed, for whoever tells it first; null where that is told, or there is nothing to tell.</summary>
    public ErrorRecord? TakeFailure() => Interlocked.Exchange(ref _untold, null)?.Last;

    /// <summary>Puts a new connection in the place of the one that was lost.</summary>
    /// <returns>False when the user closed the connection in the meantime; then nobody wants the new one.</returns>
    public bool TryReplace(MessageWebSocket successor)
    {
        lock (_lock)
        {
            if (IsClosed)
            {
                return false;
            }

            _replaced = [.. _replaced.Where(HoldsMessages), _latest];
            Volatile.Write(ref _latest, successor);
            return true;
        }
    }

    /// <summary>Ends all attempts, present and future.</summary>
    /// <returns>The socket to close.</returns>
    public MessageWebSocket Close()
    {
        lock (_lock)
        {
            // Whoever waits is told on another thread, so that none of it runs under the lock.
            _ = ClosingSource.CancelAsync();
            return _latest;
        }
    }

    private static TimeSpan LongestBefore(int attempt, TimeSpan interval) => TimeSpan.FromSeconds(
        Math.Min(interval.TotalSeconds * Math.Pow(2, Math.Clamp(attempt - 1, 0, 30)), LongestDelay.TotalSeconds));

    // One that did not end yet may still deliver.
    private static bool HoldsMessages(MessageWebSocket replaced) => replaced.Information.MessagesQueued > 0
        || replaced.State is not (MessageWebSocketState.Closed or MessageWebSocketState.Aborted);

    private sealed record Ending(ErrorRecord? Last);
}
