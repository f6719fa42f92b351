namespace MessageWebSockets.Server;

/// <summary>A handshake that the server agreed to.</summary>
/// <param name="Request">What the client asked for.</param>
/// <param name="Protocol">The subprotocol the server chose; null for none.</param>
/// <param name="Compression">The compression that was agreed on; null for none.</param>
/// <param name="Early">What the client sent behind its request, before it had the answer.</param>
internal sealed record AcceptedUpgrade(
    UpgradeRequest Request, string? Protocol, ServerCompression? Compression, ReadOnlyMemory<byte> Early);
