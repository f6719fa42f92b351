using System.Net.WebSockets;

namespace MessageWebSockets;

/// <summary>What becomes of the bytes of one connection: messages for one class of socket, a stream for the other.</summary>
/// <param name="Receiver">Takes what was received.</param>
/// <param name="Messages">Makes what receives messages through the framing.</param>
/// <param name="Counts">What is received and not read yet.</param>
/// <param name="SendThrough">Told what the connection sends through, before anything is received; null where nobody has to know.</param>
/// <param name="Release">Hands on what was held back while the connection was greeted; null where nothing was.</param>
internal sealed record ReceivingEnd(
    IReceiver Receiver, Func<WebSocket, FrameReader, IMessageSource> Messages, IInboxCounts Counts,
    Action<MessageSender>? SendThrough = null, Action? Release = null);
