using System.Collections;
using System.Management.Automation;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Connecting;
using MessageWebSockets.PowerShell.Errors;

namespace MessageWebSockets.PowerShell;

/// <summary>Sets headers of the handshake request, on a socket or for the next connection of this session.</summary>
[Cmdlet(VerbsCommon.Set, "WsRequestHeader", DefaultParameterSetName = NameSet)]
[OutputType(typeof(MessageWebSocket), typeof(IDictionary<string, string>))]
public sealed class SetWsRequestHeaderCommand : WsCmdlet
{
    private const string NameSet = "Name";
    private const string HeadersSet = "Headers";

    /// <summary>The name of the header.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true, ParameterSetName = NameSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(HeaderNameCompleter))]
    public string? Name { get; set; }

    /// <summary>Its value; $null removes the header.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true, ParameterSetName = NameSet)]
    [AllowNull]
    [AllowEmptyString]
    public string? Value { get; set; }

    /// <summary>Several headers; a value of $null removes one.</summary>
    [Parameter(Mandatory = true, ParameterSetName = HeadersSet)]
    [ValidateNotNull]
    [HeaderTableTransform]
    public IDictionary? Headers { get; set; }

    /// <summary>The socket that is to connect with them; without it the next connect of this session takes them.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNull]
    [SocketNameTransform]
    [ArgumentCompleter(typeof(SocketNameCompleter))]
    public MessageWebSocket? Socket { get; set; }

    /// <summary>Emit the socket, or the headers collected so far.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Socket is { State: not MessageWebSocketState.Created })
        {
            WriteError(WsErrors.SocketAlreadyConnected(Socket));
            return;
        }

        IEnumerable<KeyValuePair<string, string?>> headers =
            Headers is null ? [new KeyValuePair<string, string?>(Name!, Value)] : RequestHeaderTable.From(Headers);
        foreach ((string name, string? value) in headers)
        {
            Set(name, value);
        }

        if (PassThru)
        {
            WriteObject(Socket ?? (object)Session.RequestHeaders);
        }
    }

    private void Set(string name, string? value)
    {
        // A socket knows the rules; one of its own, so that no value outlives the session that it was meant for.
        if (HandshakeSettingsCmdlet.SetHeader(Socket ?? new MessageWebSocket(), name, value) is { } refusal)
        {
            WriteError(refusal);
            return;
        }

        if (Socket is null && value is null)
        {
            Session.RequestHeaders.Remove(name);
        }
        else if (Socket is null)
        {
            Session.RequestHeaders[name] = value!;
        }
    }
}
