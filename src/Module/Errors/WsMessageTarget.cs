namespace MessageWebSockets.PowerShell;

/// <summary>
/// The message that an error is about, its <c>TargetObject</c>. What shows an error, as <c>Get-Error</c> does, shows that as text: here
/// it is one that drives no terminal.
/// </summary>
public sealed class WsMessageTarget
{
    private const int Width = 1024;

    internal WsMessageTarget(WsMessage message) => Message = message;

    /// <summary>The message.</summary>
    public WsMessage Message { get; }

    /// <summary>Its payload as text, as it is.</summary>
    public string Text => Message.Text;

    /// <summary>Its payload as it was received.</summary>
    public byte[] Bytes => Message.Bytes;

    /// <summary>Its payload as a string or a byte array, by its type.</summary>
    public object Data => Message.Data;

    /// <summary>The type its sender gave it.</summary>
    public SocketMessageType MessageType => Message.MessageType;

    /// <summary>The length of the payload in bytes.</summary>
    public int Length => Message.Length;

    /// <summary>When its last byte arrived, in local time.</summary>
    public DateTime ReceivedAt => Message.ReceivedAt;

    /// <summary>False for a chunk that is not the last of its message.</summary>
    public bool IsMessageComplete => Message.IsMessageComplete;

    /// <summary>The name of the socket it came through, as the message itself says it; null for none.</summary>
    public string? SocketName => Message.GetSocket()?.ToString();

    /// <summary>The message, for what takes one.</summary>
    public static implicit operator WsMessage(WsMessageTarget target) => target.Message;

    /// <summary>The message, for what takes one.</summary>
    public WsMessage ToWsMessage() => Message;

    /// <summary>The beginning of its text on one line, with visible escapes.</summary>
    public override string ToString() => MessageText.OneLine(Message, Width);
}
