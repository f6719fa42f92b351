using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>For -Server parameters.</summary>
internal sealed class ServerNameTransformAttribute() : SessionNameTransformAttribute("server")
{
    private protected override object? Find(WsSession session, string name) => session.FindServer(name);

    private protected override IReadOnlyCollection<object> All(WsSession session) => session.Servers;
}
