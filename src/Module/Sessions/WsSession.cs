using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell;

/// <summary>
/// What one runspace has open: <c>$WsSession</c>. Each runspace has its own, so that a script in
/// <c>ForEach-Object -Parallel</c> or a thread job never picks up a socket it was not given. A runspace that PowerShell resets, as
/// -Parallel does between two iterations, begins anew: what was left open is listed no more.
/// </summary>
/// <remarks>
/// Thread-safe. The sockets are closed, the servers and tunnels stopped when the runspace closes and when the module is removed from it,
/// those of earlier iterations included.
/// </remarks>
public sealed class WsSession
{
    // Sockets that ended on their own stay listed, so that a user sees what became of them; not without limit.
    private const int EndedSocketsListed = 32;

    private static readonly ConditionalWeakTable<Runspace, WsSession> Sessions = [];

    private readonly Runspace _runspace;
    private readonly List<MessageWebSocket> _sockets = [];
    private readonly Running<WebSocketEchoServer> _servers = new(static server => server.State == WebSocketEchoServerState.Stopped);
    private readonly Running<WsTunnel> _tunnels = new(static tunnel => tunnel.IsOver);
    private readonly SortedDictionary<string, string> _requestHeaders = new(StringComparer.OrdinalIgnoreCase);

    // What was left open before the runspace was reset.
    private readonly List<MessageWebSocket> _earlierSockets = [];

    private int _closings;

    // A reset (Runspace.ResetRunspaceState) gives the runspace a new one; nothing else that can be seen from here changes with it.
    private PSEventManager? _events;

    private WsSession(Runspace runspace)
    {
        _runspace = runspace;
        _events = runspace.Events;
        runspace.StateChanged += (_, e) =>
        {
            if (e.RunspaceStateInfo.State is RunspaceState.Closing or RunspaceState.Closed or RunspaceState.Broken)
            {
                CloseAll();
            }
        };
    }

    /// <summary>The sockets of this runspace, oldest first: not connected yet, open, and ended but not closed by the user.</summary>
    public IReadOnlyList<MessageWebSocket> Sockets
    {
        get
        {
            BeginAnewAfterReset();
            lock (_sockets)
            {
                // An array: scripts index it. One may have been reconnected in another runspace.
                return _sockets.Select(SocketExtras.LatestOf).ToArray();
            }
        }
    }

    /// <summary>The only open socket, which cmdlets without -Socket use; null when none or several are open.</summary>
    public MessageWebSocket? Current => Open() is [var only] ? only : null;

    /// <summary>The servers of this runspace that run, oldest first: those of Start-WsEchoServer.</summary>
    public IReadOnlyList<WebSocketEchoServer> Servers
    {
        get
        {
            BeginAnewAfterReset();
            return _servers.Listed();
        }
    }

    /// <summary>The tunnels of this runspace that run, oldest first: those of Start-WsTunnel.</summary>
    public IReadOnlyList<WsTunnel> Tunnels
    {
        get
        {
            BeginAnewAfterReset();
            return _tunnels.Listed();
        }
    }

    /// <summary>
    /// The headers that Set-WsRequestHeader collected for the next connection; a connect that succeeds takes and clears them.
    /// </summary>
    public IDictionary<string, string> RequestHeaders
    {
        get
        {
            BeginAnewAfterReset();
            return _requestHeaders;
        }
    }

    /// <summary>The session of the runspace that runs on this thread.</summary>
    /// <exception cref="InvalidOperationException">No runspace runs on this thread.</exception>
    public static WsSession ForCurrentRunspace()
    {
        WsSession session = Sessions.GetValue(
            Runspace.DefaultRunspace ?? throw new InvalidOperationException("There is no PowerShell runspace on this thread."),
            static runspace => new WsSession(runspace));
        session.BeginAnewAfterReset();
        return session;
    }

    /// <summary>
    /// Closes every socket of this runspace and stops its servers and tunnels. The module does so when it is removed, and when the
    /// runspace closes.
    /// </summary>
    public void CloseAll()
    {
        MessageWebSocket[] sockets;
        Interlocked.Increment(ref _closings);
        lock (_sockets)
        {
            sockets = [.. _earlierSockets, .. _sockets];
            _earlierSockets.Clear();
            _sockets.Clear();
            _requestHeaders.Clear();
        }

        foreach (MessageWebSocket socket in sockets)
        {
            (SocketExtras.Of(socket).Reconnection?.Close() ?? socket).Close();
        }

        Task.WaitAll(
            [
                .. _servers.TakeAll().Select(static server => server.StopAsync()),
                .. _tunnels.TakeAll().Select(static tunnel => tunnel.StopAsync()),
            ]);
    }

    /// <summary>How often everything was closed: what was begun before and is ready after that is nobody's any more.</summary>
    internal int Closings => Volatile.Read(ref _closings);

    /// <summary>How many sockets there are.</summary>
    public override string ToString() => $"{Open().Length} open of {Sockets.Count}";

    /// <summary>The socket whose connection a script of -OnConnected greets now: the one that the commands of the script use.</summary>
    internal MessageWebSocket? Greeted { get; set; }

    internal MessageWebSocket[] Open() => [.. Sockets.Where(static socket => socket.State == MessageWebSocketState.Open)];

    internal void Add(MessageWebSocket socket)
    {
        lock (_sockets)
        {
            // A socket gets its number when that is first asked for: here, so that the numbers follow the order of the session.
            _ = socket.Id;
            _sockets.Add(socket);
            int excess = _sockets.Count(static candidate => HasEnded(SocketExtras.LatestOf(candidate))) - EndedSocketsListed;
            _sockets.RemoveAll(candidate => excess > 0 && HasEnded(SocketExtras.LatestOf(candidate)) && excess-- > 0);
        }
    }

    internal void Add(WebSocketEchoServer server) => _servers.Add(server);

    internal void Add(WsTunnel tunnel) => _tunnels.Add(tunnel);

    internal void Remove(MessageWebSocket socket)
    {
        lock (_sockets)
        {
            _sockets.RemoveAll(candidate => SocketExtras.LatestOf(candidate) == SocketExtras.LatestOf(socket));
        }
    }

    internal void Replace(MessageWebSocket old, MessageWebSocket successor)
    {
        lock (_sockets)
        {
            int index = _sockets.IndexOf(old);
            if (index >= 0)
            {
                _sockets[index] = successor;
            }
        }
    }

    /// <summary>
    /// The socket of a name, whatever the case: a living one before one that ended, the newest first. One that has no name has no name that
    /// it could be found by.
    /// </summary>
    internal MessageWebSocket? Find(string name) => Sockets
        .Where(socket => name.Length > 0 && socket.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        .OrderByDescending(static socket => !HasEnded(socket))
        .ThenByDescending(static socket => socket.Id)
        .FirstOrDefault();

    /// <summary>Whether a living socket has this name, so that it cannot be given to another one.</summary>
    internal bool IsTaken(string name) => Find(name) is { } socket && !HasEnded(socket);

    /// <summary>The name itself if it is free, else with the first free number behind it.</summary>
    internal string MakeUnique(string name)
    {
        string unique = name;
        for (int number = 2; IsTaken(unique); number++)
        {
            unique = $"{name}-{number}";
        }

        return unique;
    }

    /// <summary>The running server of a name, whatever the case.</summary>
    internal WebSocketEchoServer? FindServer(string name) =>
        Servers.FirstOrDefault(server => server.ServerName.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The running tunnel of a name, whatever the case.</summary>
    internal WsTunnel? FindTunnel(string name) =>
        Tunnels.FirstOrDefault(tunnel => tunnel.TunnelName.Equals(name, StringComparison.OrdinalIgnoreCase));

    internal static bool HasEnded(MessageWebSocket socket) =>
        socket.State is MessageWebSocketState.Closed or MessageWebSocketState.Aborted;

    private void BeginAnewAfterReset()
    {
        // A runspace that closes has none any more.
        PSEventManager? events = _runspace.Events;
        if (events is null || Interlocked.Exchange(ref _events, events) == events)
        {
            return;
        }

        lock (_sockets)
        {
            _earlierSockets.AddRange(_sockets);
            _earlierSockets.RemoveAll(static socket => HasEnded(SocketExtras.LatestOf(socket)));
            _sockets.Clear();
            _requestHeaders.Clear();
        }

        _servers.BeginAnew();
        _tunnels.BeginAnew();
    }
}
