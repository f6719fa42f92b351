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
