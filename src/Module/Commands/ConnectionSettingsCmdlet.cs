using System.Management.Automation;
using MessageWebSockets.PowerShell.Completion;

namespace MessageWebSockets.PowerShell;

/// <summary>The settings of a connection, as parameters: what Connect-MessageWebSocket and New-MessageWebSocket share.</summary>
public abstract class ConnectionSettingsCmdlet : MessageHandshakeCmdlet
{
    /// <summary>A name to call the socket by.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    public string? Name { get; set; }

    /// <summary>How long the connect may take, in seconds; 0 for no limit.</summary>
    [Parameter]
    [ValidateTime]
    public double ConnectionTimeoutSeconds { get; set; } = 30;

    /// <summary>How often to give a sign of life, in seconds; 0 for never.</summary>
    [Parameter]
    [ValidateTime]
    public double KeepAliveIntervalSeconds { get; set; } = 30;

    /// <summary>How long the server may leave a keep-alive ping unanswered, in seconds; 0 for no limit.</summary>
    [Parameter]
    [ValidateTime]
    public double KeepAliveTimeoutSeconds { get; set; } = 15;

    /// <summary>The type of the messages sent through the socket's OutputStream.</summary>
    [Parameter]
    public SocketMessageType MessageType { get; set; }

    /// <summary>Whether messages are handed out whole or in chunks.</summary>
    [Parameter]
    public MessageWebSocketReceiveMode ReceiveMode { get; set; }

    /// <summary>The size of the socket's send buffer, in bytes.</summary>
    [Parameter]
    [ValidateRange(1u, uint.MaxValue)]
    public uint SendBufferSize { get; set; }

    /// <summary>How much received and unread data to hold, in bytes.</summary>
    [Parameter]
    [ValidateRange(1L, long.MaxValue)]
    public long InboxLimit { get; set; }

    /// <summary>What happens when so much is unread.</summary>
    [Parameter]
    public InboxFullMode InboxFullMode { get; set; }

    private protected override void ApplySettings(MessageWebSocket socket, bool isNew)
    {
        base.ApplySettings(socket, isNew);
        MessageWebSocketControl control = socket.Control;
        When(nameof(ConnectionTimeoutSeconds), () => control.ConnectTimeout = Times.OfSeconds(ConnectionTimeoutSeconds));
        When(nameof(KeepAliveIntervalSeconds), () => control.DesiredUnsolicitedPongInterval = Times.OfSeconds(KeepAliveIntervalSeconds));
        When(nameof(KeepAliveTimeoutSeconds), () => control.KeepAliveTimeout = Times.OfSeconds(KeepAliveTimeoutSeconds));
        When(nameof(MessageType), () => control.MessageType = MessageType);
        When(nameof(ReceiveMode), () => control.ReceiveMode = ReceiveMode);
        When(nameof(SendBufferSize), () => control.OutboundBufferSizeInBytes = SendBufferSize);
        When(nameof(InboxLimit), () => control.InboxLimitInBytes = InboxLimit);
        When(nameof(InboxFullMode), () => control.InboxFullMode = InboxFullMode);
        if (isNew)
        {
            // Close-MessageWebSocket has a limit of its own, and keep-alive ends a close that nobody limits.
            control.CloseTimeout = TimeSpan.Zero;
        }
    }
}
