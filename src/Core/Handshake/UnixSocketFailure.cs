using System.Net.Sockets;

namespace MessageWebSockets.Handshake;

/// <summary>Says why no connection to a Unix socket came about. The system's own texts speak of addresses.</summary>
internal static class UnixSocketFailure
{
    /// <returns>What is wrong, and what to try.</returns>
    public static (string What, string Advice) Describe(string path, SocketException cause) => cause.SocketErrorCode switch
    {
        SocketError.InvalidArgument => ("the path is too long for a socket", "Give a shorter one, by a link for example."),
        SocketError.AccessDenied => ("this user may not use the socket", "Its rights and those of its folders decide."),
        _ when !File.Exists(path) => Directory.Exists(path)
            ? ("that is a folder", "Give the path of the socket in it.")
            : ("no such file", "Is the path right, and is the server running?"),
        SocketError.ConnectionRefused => ("connection refused", "The file is there and nobody listens at it; is the server running?"),
        _ => (PeerText.Clean(cause.Message), "Is that the socket of a server?"),
    };
}
