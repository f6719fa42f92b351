using System.Net.Sockets;

namespace MessageWebSockets.Handshake;

/// <summary>Why no transport connection came about.</summary>
/// <param name="Target">What was connected to, as a person would write it: <c>host:port</c>, or the path of a Unix socket.</param>
/// <param name="Tried">The addresses that were tried.</param>
/// <param name="Cause">What the last attempt ended with.</param>
/// <param name="IsNameResolution">Whether the name did not resolve, so that nothing was tried.</param>
internal sealed record TransportFailure(string Target, IReadOnlyList<string> Tried, SocketException Cause, bool IsNameResolution);
