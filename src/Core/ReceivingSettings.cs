using System.Text.RegularExpressions;

namespace MessageWebSockets;

/// <summary>How the messages of one connection are received: a copy of the settings, made when the connect begins.</summary>
/// <param name="InboxLimit">What the inbox holds, in bytes.</param>
/// <param name="FullMode">What happens when it is full.</param>
/// <param name="MaxMessageSize">The largest message to accept, in bytes.</param>
/// <param name="WholeMessages">Whether messages are handed out whole.</param>
/// <param name="Records">What ends each record in a message; null where a message is one.</param>
/// <param name="AutoReplies">What is answered as soon as it arrives.</param>
/// <param name="Ignore">What goes nowhere.</param>
/// <param name="ConnectReply">What the peer says first where it takes the connection; null where nothing is waited for.</param>
internal sealed record ReceivingSettings(
    long InboxLimit,
    InboxFullMode FullMode,
    uint MaxMessageSize,
    bool WholeMessages,
    RecordSeparator? Records,
    AutoReply[] AutoReplies,
    Regex[] Ignore,
    Regex? ConnectReply);
