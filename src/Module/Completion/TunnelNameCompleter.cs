using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Completes the names of this session's tunnels.</summary>
internal sealed class TunnelNameCompleter : SessionNameCompleter
{
    private protected override IEnumerable<(string Name, string Description)> All(WsSession session) =>
        session.Tunnels.Select(static tunnel => (tunnel.TunnelName, $"{tunnel.From} to {tunnel.To}"));
}
