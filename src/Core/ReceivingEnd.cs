using System.Net.WebSockets;

namespace MessageWebSockets;

/// <summary>What becomes of the bytes of one connection: messages for one class of socket, a stream for the other.</summary>
/// <param name="Receiver">Takes what was received.</param>
/// <param name="Messages">Makes what receives messages through the framing.</param>
/// <param name="Counts">What is received and not read yet.</param>
internal sealed record ReceivingEnd(IReceiver Receiver, Func<WebSocket, FrameReader, IMessageSource> Messages, IInboxCounts Counts);
