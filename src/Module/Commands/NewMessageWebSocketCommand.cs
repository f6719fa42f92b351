using System.Management.Automation;
using MessageWebSockets.PowerShell.Errors;

namespace MessageWebSockets.PowerShell;

/// <summary>Makes a socket that is not connected yet, for event handlers or settings of its Control.</summary>
[Cmdlet(VerbsCommon.New, "MessageWebSocket")]
[OutputType(typeof(MessageWebSocket))]
public sealed class NewMessageWebSocketCommand : ConnectionSettingsCmdlet
{
    /// <inheritdoc/>
    protected override void BeginProcessing() => CheckParameters();

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (!string.IsNullOrEmpty(Name) && Session.IsTaken(Name))
        {
            WriteError(WsErrors.SocketNameInUse(Name));
            return;
        }

        MessageWebSocket socket = new() { Name = Name ?? "" };
        if (Apply(socket, isNew: true) is { } refusal)
        {
            WriteError(refusal);
            return;
        }

        Session.Add(socket);
        WriteObject(socket);
    }
}
