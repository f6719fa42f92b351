using System.Management.Automation;
using System.Text.RegularExpressions;
using MessageWebSockets.PowerShell.Commands;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Connecting;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Messages;
using MessageWebSockets.PowerShell.Sessions;

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

    /// <summary>
    /// What the protocol above WebSocket wants: the name of a profile, a hashtable, a .psd1 file, or an object of Get-WsProfile.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    [ProfileTransform]
    [ArgumentCompleter(typeof(ProfileNameCompleter))]
    public WsProfile? Profile { get; set; }

    /// <summary>Run after each successful connect, before anyone else's send: $_ is the socket, and what it emits is sent.</summary>
    [Parameter]
    [ValidateNotNull]
    public ScriptBlock? OnConnected { get; set; }

    /// <summary>Refuse a server that agrees to none of the subprotocols.</summary>
    [Parameter]
    public SwitchParameter RequireSubProtocol { get; set; }

    private protected override void CheckParameters()
    {
        base.CheckParameters();
        if (IsBound(nameof(Name)) && string.IsNullOrWhiteSpace(Name))
        {
            // In an object of a list that is an empty cell, and no name; here it is a variable that was never set.
            ThrowTerminatingError(WsErrors.InvalidSetting("-Name is empty. Leave it out to have a name made.", null));
        }
    }

    private protected override void ApplySettings(MessageWebSocket socket, bool isNew)
    {
        // First, because parameters take precedence over the profile.
        if (Profile is not null)
        {
            Apply(Profile, socket);
        }

        base.ApplySettings(socket, isNew);
        MessageWebSocketControl control = socket.Control;
        When(nameof(OnConnected), () => Greet(socket, OnConnected!));
        When(nameof(RequireSubProtocol), () => control.RequireSubProtocol = RequireSubProtocol);
        When(nameof(ConnectionTimeoutSeconds), () => control.ConnectTimeout = Times.OfSeconds(ConnectionTimeoutSeconds));
        When(nameof(KeepAliveIntervalSeconds), () => control.DesiredUnsolicitedPongInterval = Times.OfSeconds(KeepAliveIntervalSeconds));
        When(nameof(KeepAliveTimeoutSeconds), () => control.KeepAliveTimeout = Times.OfSeconds(KeepAliveTimeoutSeconds));
        When(nameof(MessageType), () => control.MessageType = MessageType);
        When(nameof(ReceiveMode), () => control.ReceiveMode = ReceiveMode);
        When(nameof(SendBufferSize), () => control.OutboundBufferSizeInBytes = SendBufferSize);
        When(nameof(InboxLimit), () => control.InboxLimitInBytes = InboxLimit);
        When(nameof(InboxFullMode), () => control.InboxFullMode = InboxFullMode);
    }

    private void Apply(WsProfile profile, MessageWebSocket socket)
    {
        MessageWebSocketControl control = socket.Control;
        JsonWriter? json = null;
        Replace(control.SupportedProtocols, profile.SubProtocol.Count > 0 ? profile.SubProtocol : null);
        Replace(control.ConnectMessages, profile.ConnectMessages.Select(item => item switch
        {
            string text => new PresetMessage(text),
            byte[] bytes => new PresetMessage(bytes),
            _ => new PresetMessage((json ??= new JsonWriter(this, Json, JsonWriter.DefaultDepth, StopToken)).Write(item)),
        }));
        control.ConnectReply = profile.ConnectReply is null ? null : new Regex(profile.ConnectReply, RegexOptions.CultureInvariant);
        control.RecordSeparator = profile.RecordSeparator;
        control.HeartbeatMessage = profile.HeartbeatMessage;
        control.HeartbeatInterval = Times.OfSeconds(profile.HeartbeatIntervalSeconds);
        Replace(control.AutoReplies, profile.AutoReply);
        Replace(control.Ignore, profile.Ignore.Select(static pattern => new Regex(pattern, RegexOptions.CultureInvariant)));
        control.IdProperty = profile.IdProperty;
        control.Dialect = profile.Dialect ?? default;
        if (profile.OnConnected is not null)
        {
            Greet(socket, profile.OnConnected);
        }
    }

    private static void Greet(MessageWebSocket socket, ScriptBlock script)
    {
        SocketExtras extras = SocketExtras.Of(socket);
        extras.Greeting ??= new ConnectScript(
            script,
            new CmdletInfo("Send-WsGreeting", typeof(SendGreetingCommand)),
            new CmdletInfo("Invoke-WsGreeting", typeof(RunGreetingCommand)));
        extras.Greeting.Script = script;
        socket.OnConnected = extras.Greeting.RunAsync;
    }
}
