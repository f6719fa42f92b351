using System.Management.Automation;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Connecting;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Messages;
using MessageWebSockets.PowerShell.Terminal;

namespace MessageWebSockets.PowerShell;

/// <summary>A console on one socket: what is typed is sent, what arrives is printed.</summary>
[Cmdlet(VerbsCommon.Enter, "MessageWebSocket", DefaultParameterSetName = SocketSet)]
[OutputType(typeof(void))]
public sealed class EnterMessageWebSocketCommand : WsCmdlet
{
    private const string UriSet = "Uri";
    private const string SocketSet = "Socket";

    /// <summary>An address to connect to, ws:// or wss://.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true, ParameterSetName = UriSet)]
    [EndpointTransform]
    [ValidateNotNull]
    public Uri? Uri { get; set; }

    /// <summary>The socket, as an object or by name; without it the only open one of this session.</summary>
    [Parameter(ValueFromPipeline = true, ParameterSetName = SocketSet)]
    [ValidateNotNull]
    [SocketNameTransform]
    [ArgumentCompleter(typeof(SocketNameCompleter))]
    public MessageWebSocket? Socket { get; set; }

    /// <summary>Close the connection on leaving.</summary>
    [Parameter]
    public SwitchParameter CloseOnExit { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == SocketSet && Socket is null && MyInvocation.ExpectingInput)
        {
            return;
        }

        if (Uri is not null && Session.Find(MalformedUri.TextOf(Uri)) is { } named)
        {
            // Each of the other cmdlets takes a socket there.
            WriteError(WsErrors.NameForAddress(named));
            return;
        }

        if (!ConsoleTerminal.IsThere)
        {
            ThrowTerminatingError(WsErrors.NotInteractive());
        }

        using WaitBudget unlimited = new(Timeout.InfiniteTimeSpan, TimeProvider.System, StopToken);
        MessageWebSocket? socket = ParameterSetName == UriSet ? Connect(Uri!) : ResolveWritable(Socket, unlimited);
        if (socket is null)
        {
            return;
        }

        CheckReadable(socket);
        ShowFrames(socket);
        Talk(socket);
    }

    private MessageWebSocket? Connect(Uri uri)
    {
        if (WsUri.Check(uri) is { } problem)
        {
            WriteError(problem);
            return null;
        }

        MessageWebSocket socket = new() { Name = Session.MakeUnique(uri.Host) };
        socket.Control.MaxMessageSize = MessageHandshakeCmdlet.DefaultMaxMessageSize;
        foreach ((string name, string value) in Session.RequestHeaders)
        {
            socket.SetRequestHeader(name, value);
        }

        try
        {
            Connector.Connect(this, socket, uri);
        }
        catch (MessageWebSocketException e)
        {
            WriteError(Connector.Failure(socket, uri, e));
            return null;
        }

        Session.Add(socket);
        Session.RequestHeaders.Clear();
        return socket;
    }

    private void Talk(MessageWebSocket socket)
    {
        ConversationEnd end;
        using (ConsoleTerminal terminal = new())
        {
            string protocol = string.IsNullOrEmpty(socket.Information.Protocol)
                ? ""
                : $" ({TerminalText.Escape(Redaction.AgreedProtocol(socket.Information))})";
            string exit = CloseOnExit ? "Ctrl+D closes it" : "Ctrl+D leaves, the socket stays open";
            terminal.Write(
                $"connected to {TerminalText.Escape(Redaction.Of(socket.Uri!))}{protocol} \u00b7 /help for commands \u00b7 {exit}\n");
            Task<ConversationEnd> talking = new ConsoleConversation(socket, terminal, Colours()).RunAsync(StopToken);
            try
            {
                Wait(talking);
            }
            finally
            {
                // It erases its row when it is stopped; the prompt comes after that.
                WaitBriefly(() => talking);
            }

            end = talking.Result;
        }

        if (end == ConversationEnd.Closed)
        {
            Session.Remove(socket);
        }
        else if (end == ConversationEnd.Left && CloseOnExit)
        {
            Session.Remove(socket);
            WaitBriefly(() => socket.CloseAsync(null, null, StopToken));
            socket.Close();
        }
    }

    // Those of the user's views, and none where they are switched off, as with NO_COLOR.
    private ConversationColours Colours()
    {
        if (GetVariableValue("PSStyle") is not { } style)
        {
            return ConversationColours.None;
        }

        PSObject wrapped = PSObject.AsPSObject(style);
        if (string.Equals(wrapped.Properties["OutputRendering"]?.Value?.ToString(), "PlainText", StringComparison.Ordinal)
            || wrapped.Properties["Formatting"]?.Value is not { } formatting)
        {
            return ConversationColours.None;
        }

        PSObject formats = PSObject.AsPSObject(formatting);
        return new ConversationColours(
            formats.Properties["Warning"]?.Value?.ToString() ?? "",
            formats.Properties["Error"]?.Value?.ToString() ?? "",
            wrapped.Properties["Reset"]?.Value?.ToString() ?? "");
    }
}
