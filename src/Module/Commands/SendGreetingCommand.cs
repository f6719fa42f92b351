using System.Management.Automation;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Messages;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Commands;

/// <summary>Sends what a script of -OnConnected emits; no command of the module's users.</summary>
[Cmdlet(VerbsCommunications.Send, "WsGreeting")]
internal sealed class SendGreetingCommand : WsCmdlet
{
    private JsonWriter? _jsonWriter;

    /// <summary>What was emitted.</summary>
    [Parameter(ValueFromPipeline = true)]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    public object? InputObject { get; set; }

    /// <summary>The socket that is greeted.</summary>
    [Parameter(Mandatory = true)]
    public MessageWebSocket Socket { get; set; } = null!;

    /// <summary>The cmdlet that connects, which writes the errors, warnings and information of the script.</summary>
    [Parameter(Mandatory = true)]
    public IPipeline Connecting { get; set; } = null!;

    /// <summary>
    /// Told why something cannot be sent: what is thrown here ends the script, and where errors do not stop, no more than that.
    /// </summary>
    [Parameter(Mandatory = true)]
    public Action<ErrorRecord> Refused { get; set; } = null!;

    /// <summary>Cancelled when the connect no longer waits for the script.</summary>
    [Parameter(Mandatory = true)]
    public CancellationToken Over { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        object? item = InputObject is PSObject wrapped ? wrapped.BaseObject : InputObject;
        if (item is null || Over.IsCancellationRequested)
        {
            // What the script says as its connection is taken from it is no news to who took it.
            return;
        }

        if (item is ErrorRecord error && Connecting.StopsAtErrors)
        {
            // It ends the script, and by that the connect, which tells of it.
            Refuse(error);
        }

        if (Connecting.TryRelay(item))
        {
            return;
        }

        if (item is WsMessage or MessageWebSocket)
        {
            Refuse(WsErrors.GreetingIsNoMessage(item));
        }

        try
        {
            OutgoingMessage message = OutgoingMessage.TryFrom(item, null, out OutgoingMessage known)
                ? known
                : OutgoingMessage.OfText(
                    (_jsonWriter ??= new JsonWriter(this, Json, JsonWriter.DefaultDepth, StopToken)).Write(InputObject));
            RequestNumbers.Note(Socket, message.Text);
            Wait(message.SendAsync(Socket, StopToken));
        }
        catch (FormatException e)
        {
            Refuse(WsErrors.NoJson(e, item));
        }
        catch (ArgumentException e)
        {
            Refuse(WsErrors.InvalidMessage(LibraryText.WithoutParameterName(e), item));
        }
        catch (MessageWebSocketException e)
        {
            Refuse(Ended(e, Socket));
        }
        catch (ObjectDisposedException)
        {
            Refuse(Ended(null, Socket));
        }
    }

    private void Refuse(ErrorRecord reason)
    {
        Refused(reason);
        ThrowTerminatingError(reason);
    }
}
