using System.Net;
using System.Net.Sockets;

namespace MessageWebSockets.PowerShell.Tunnels;

/// <summary>The TCP connections of tunnels.</summary>
internal static class TunnelTcp
{
    private const int SecondsBeforeProbe = 30;
    private const int SecondsBetweenProbes = 10;
    private const int ProbesMissed = 3;

    /// <summary>Small writes leave at once, and a peer that vanishes is noticed within a minute.</summary>
    public static void Prepare(Socket socket)
    {
        try
        {
            socket.NoDelay = true;
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, SecondsBeforeProbe);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, SecondsBetweenProbes);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, ProbesMissed);
        }
        catch (SocketException)
        {
            // It was reset meanwhile, which the first read tells.
        }
    }

    /// <summary>
    /// From here on the connection is broken until it is ended: its peer sees an error however it goes, also with the process, which has no
    /// time left for it when it is killed. The system closes what is open then, and would do so in order.
    /// </summary>
    public static void BreakUnlessEnded(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It is gone already.
        }
    }

    /// <summary>
    /// Says that nothing more comes, which is the whole of it: what was sent arrives, whatever becomes of the process.
    /// </summary>
    /// <exception cref="SocketException">It was reset meanwhile.</exception>
    /// <exception cref="ObjectDisposedException">It was reset by this side.</exception>
    public static void EndInOrder(Socket socket)
    {
        // First: a close that resets drops what still waits to be sent, and some systems set nothing once both sides have ended.
        socket.LingerState = new LingerOption(enable: false, seconds: 0);
        socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Closes a connection so that its peer sees an error and no quiet end.</summary>
    public static void Reset(Socket socket)
    {
        BreakUnlessEnded(socket);
        socket.Dispose();
    }

    /// <summary>Reads host:port, with an IPv6 address in brackets; null when it is none.</summary>
    public static DnsEndPoint? Target(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), out ushort port) || port == 0)
        {
            return null;
        }

        string host = text[..colon];
        bool isBracketed = host is ['[', .., ']'];
        host = isBracketed ? host[1..^1] : host;
        return Uri.CheckHostName(host) is UriHostNameType.Unknown || (host.Contains(':') && !isBracketed)
            || (isBracketed && !IPAddress.TryParse(host, out _))
            ? null
            : new DnsEndPoint(host, port);
    }
}
