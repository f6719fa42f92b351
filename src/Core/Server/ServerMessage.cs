using System.Net.WebSockets;

namespace MessageWebSockets.Server;

/// <summary>A whole message on its way through the server.</summary>
/// <param name="Payload">The bytes; shared by all who get it, and not changed.</param>
/// <param name="Type">Text or Binary.</param>
internal sealed record ServerMessage(ReadOnlyMemory<byte> Payload, WebSocketMessageType Type);
