using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;

namespace MessageWebSockets.Server;

/// <summary>A client that connected and got no WebSocket. The message says who it was and why.</summary>
/// <param name="transport">Its TCP connection.</param>
/// <param name="cause">What happened.</param>
internal sealed class ClientRefusedException(Socket transport, Exception cause)
    : IOException($"The client {NameOf(transport)}{What(cause)}", cause)
{
    // Clients choose how long the path and the origin are.
    private const int MostOfRequest = 200;

    private static string NameOf(Socket transport)
    {
        try
        {
            return transport.RemoteEndPoint is IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped
                ? $"{new IPEndPoint(mapped.Address.MapToIPv4(), mapped.Port)} "
                : $"{transport.RemoteEndPoint} ";
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It is gone, and its address with it.
            return "";
        }
    }

    private static string What(Exception cause) => cause switch
    {
        UpgradeRefusedException refused => $"was refused with {(int)refused.Status}: {refused.Message}{Quoted(refused.Part)}",
        OperationCanceledException => "took too long for its request.",
        EndOfStreamException => "went away before its request was whole.",
        AuthenticationException => $"and this server did not agree on TLS: {cause.GetBaseException().Message}",
        _ => $"was lost before its request was whole: {cause.GetBaseException().Message}",
    };

    private static string Quoted(string? part) => part switch
    {
        null => "",
        { Length: > MostOfRequest } => $" It is '{part[..MostOfRequest]}…'.",
        _ => $" It is '{part}'.",
    };
}
