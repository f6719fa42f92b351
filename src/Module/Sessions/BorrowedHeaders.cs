namespace MessageWebSockets.PowerShell.Sessions;

/// <summary>
/// The headers of the session that a connect put on a socket which the user brought along. Where it fails they stay those of the session:
/// what is taken out there meanwhile does not go out with the next connect of the socket.
/// </summary>
internal sealed class BorrowedHeaders
{
    private readonly Dictionary<string, (string Value, string? Before)> _borrowed = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Puts headers on the socket.</summary>
    public void Put(MessageWebSocket socket, IEnumerable<KeyValuePair<string, string>> headers)
    {
        foreach ((string name, string value) in headers)
        {
            _borrowed[name] = (value, socket.RequestHeader(name));
            socket.SetRequestHeader(name, value);
        }
    }

    /// <summary>Puts what the socket had before in their place; not of those that were set anew meanwhile.</summary>
    /// <param name="socket">The socket, which is not connected.</param>
    public void TakeBack(MessageWebSocket socket)
    {
        foreach ((string name, (string value, string? before)) in _borrowed)
        {
            if (socket.RequestHeader(name) == value)
            {
                socket.SetRequestHeader(name, before);
            }
        }

        _borrowed.Clear();
    }
}
