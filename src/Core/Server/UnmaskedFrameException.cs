namespace MessageWebSockets;

/// <summary>A client sent a frame without a mask.</summary>
internal sealed class UnmaskedFrameException() : IOException("The client sent a frame without a mask.");
