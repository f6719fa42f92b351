using System.Runtime.CompilerServices;

namespace MessageWebSockets.PowerShell.Sessions;

/// <summary>What the module knows of a socket beyond its own settings; kept for as long as the socket lives.</summary>
internal sealed class SocketExtras
{
    private static readonly ConditionalWeakTable<MessageWebSocket, SocketExtras> Table = [];

    private long _lastRequestId;
    private int _requestsWaiting;

    /// <summary>What judges the server's certificate.</summary>
    public ICertificateJudge? CertificateJudge { get; set; }

    /// <summary>What is run after each connect.</summary>
    public IConnectScript? Greeting { get; set; }

    /// <summary>Whether its connection is still being greeted; it stands for itself then, whatever it is to take the place of.</summary>
    public bool IsGreeted { get; set; }

    /// <summary>Whether it was given a user name, password or token, which must not go over plain ws by accident.</summary>
    public bool CarriesCredentials { get; set; }

    public bool AllowsUnencryptedAuthentication { get; set; }

    /// <summary>What it has of the headers of the session.</summary>
    public BorrowedHeaders Borrowed { get; } = new();

    /// <summary>Whether it only stands for a name that no socket of the session has.</summary>
    public bool IsUnknown { get; set; }

    /// <summary>Whether its connection was closed because a part of a message was sent and the rest could not be.</summary>
    public bool IsCutOff { get; set; }

    /// <summary>How to reconnect; null for not at all.</summary>
    public Reconnection? Reconnection { get; set; }

    public static SocketExtras Of(MessageWebSocket socket) => Table.GetOrCreateValue(socket);

    /// <summary>The socket in use in place of a given one: itself, unless it was reconnected.</summary>
    public static MessageWebSocket LatestOf(MessageWebSocket socket) =>
        Of(socket) is { IsGreeted: false, Reconnection: { } reconnection } ? reconnection.Latest : socket;

    /// <summary>The sockets to receive from for a given one: those it replaced that still hold messages, then the one in use.</summary>
    public static IEnumerable<MessageWebSocket> ReadableOf(MessageWebSocket socket) =>
        Of(socket) is { IsGreeted: false, Reconnection: { } reconnection }
            ? reconnection.Readable
            : [socket];

    /// <summary>Whether a connection that is still being greeted is to take the place of a socket.</summary>
    public static bool IsToReplace(MessageWebSocket greeted, MessageWebSocket socket) =>
        greeted == socket || (Of(greeted).Reconnection is { } reconnection && reconnection == Of(socket).Reconnection);

    /// <summary>Whether a socket is reconnected where its connection is lost.</summary>
    public static bool IsRenewable(MessageWebSocket socket) =>
        Of(socket) is { IsGreeted: false } and { Reconnection: { GaveUp: false, IsClosed: false } };

    /// <summary>Whether a socket is to be reconnected when it is next used.</summary>
    public static bool IsDue(MessageWebSocket socket) => IsRenewable(socket) && Reconnection.IsWorthwhile(socket);

    /// <summary>
    /// Whether the end of a socket is an error for who receives: it was lost, unless the user closed what would be made in its place, or
    /// was not to be connected again, which nobody has told yet.
    /// </summary>
    public static bool EndsInError(MessageWebSocket socket, MessageWebSocketException? failure) => Of(socket).Reconnection switch
    {
        { IsUntold: true } => true,
        { IsClosed: true } => false,
        _ => failure is not null,
    };

    /// <summary>A number no other request of this socket has, whichever runspace sends it.</summary>
    public long NextRequestId() => Interlocked.Increment(ref _lastRequestId);

    /// <summary>Keeps a number that a request of the user's has for that one: those made here go on behind it.</summary>
    public void KeepRequestId(long number)
    {
        long last = Volatile.Read(ref _lastRequestId);
        while (number > last && number < long.MaxValue)
        {
            long seen = Interlocked.CompareExchange(ref _lastRequestId, number, last);
            if (seen == last)
            {
                return;
            }

            last = seen;
        }
    }

    /// <summary>Whether a single JSON-RPC request waits for its reply.</summary>
    public bool HasSingleRequest => Volatile.Read(ref _requestsWaiting) == 1;

    /// <summary>Counts a JSON-RPC request as waiting for its reply, until <see cref="EndRequest"/>.</summary>
    public void BeginRequest() => Interlocked.Increment(ref _requestsWaiting);

    public void EndRequest() => Interlocked.Decrement(ref _requestsWaiting);

    /// <summary>Gives a clone what the original has.</summary>
    public void CopyTo(MessageWebSocket clone)
    {
        SocketExtras copy = Of(clone);
        // Its handler went along with those of the socket.
        copy.CertificateJudge = CertificateJudge;
        copy.Greeting = Greeting;
        copy.CarriesCredentials = CarriesCredentials;
        copy.AllowsUnencryptedAuthentication = AllowsUnencryptedAuthentication;
        copy.Reconnection = Reconnection;
    }
}
