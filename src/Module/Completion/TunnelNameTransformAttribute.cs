using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>For -Tunnel parameters.</summary>
internal sealed class TunnelNameTransformAttribute() : SessionNameTransformAttribute("tunnel")
{
    private protected override object? Find(WsSession session, string name) => session.FindTunnel(name);

    private protected override IReadOnlyCollection<object> All(WsSession session) => session.Tunnels;
}
