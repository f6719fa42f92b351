using System.Runtime.CompilerServices;
using MessageWebSockets.PowerShell.Connecting;

namespace MessageWebSockets.PowerShell.Sessions;

/// <summary>What the module knows of a socket beyond its own settings; kept for as long as the socket lives.</summary>
internal sealed class SocketExtras
{
    private static readonly ConditionalWeakTable<MessageWebSocket, SocketExtras> Table = [];

    private long _lastRequestId;
    private int _requestsWaiting;

    /// <summary>The script that judges the server's certificate.</summary>
    public CertificateScript? CertificateScript { get; set; }

    /// <summary>Whether it was given a user name, password or token, which must not go over plain ws by accident.</summary>
    public bool CarriesCredentials { get; set; }

    public bool AllowsUnencryptedAuthentication { get; set; }

    /// <summary>Whether it only stands for a name that no socket of the session has.</summary>
    public bool IsUnknown { get; set; }

    /// <summary>How to reconnect; null for not at all.</summary>
    public Reconnection? Reconnection { get; set; }

    public static SocketExtras Of(MessageWebSocket socket) => Table.GetOrCreateValue(socket);

    /// <summary>A number no other request of this socket has, whichever runspace sends it.</summary>
    public long NextRequestId() => Interlocked.Increment(ref _lastRequestId);

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
        copy.CertificateScript = CertificateScript;
        copy.CarriesCredentials = CarriesCredentials;
        copy.AllowsUnencryptedAuthentication = AllowsUnencryptedAuthentication;
        copy.Reconnection = Reconnection;
    }
}
