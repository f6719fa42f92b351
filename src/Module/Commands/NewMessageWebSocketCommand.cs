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
        string name = string.IsNullOrWhiteSpace(Name) ? "" : Name;
        if (Session.IsTaken(name))
        {
            WriteError(WsErrors.SocketNameInUse(name));
            return;
        }

        MessageWebSocket socket = new() { Name = name };
        if (Apply(socket, isNew: true) is { } refusal)
        {
            WriteError(refusal);
            return;
        }

        Session.Add(socket);
        WriteObject(socket);
    }
}
