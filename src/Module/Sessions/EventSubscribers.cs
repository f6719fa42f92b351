using System.Management.Automation;
using System.Runtime.CompilerServices;

namespace MessageWebSockets.PowerShell.Sessions;

/// <summary>Lets PowerShell take back the handlers of Register-ObjectEvent when it likes, at the latest when its runspace closes.</summary>
internal static class EventSubscribers
{
#pragma warning disable CA2255 // Nobody calls the module before PowerShell runs its first command, and a socket may have handlers by then.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Register() => HandlerOwners.Add(static handler => handler.Target is PSEventHandler);
}
