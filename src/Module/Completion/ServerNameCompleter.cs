using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Completes the names of this session's servers.</summary>
internal sealed class ServerNameCompleter : SessionNameCompleter
{
    private protected override IEnumerable<(string Name, string Description)> All(WsSession session) =>
        session.Servers.Select(static server => (server.ServerName, $"{server.Mode} {server.Uri}"));
}
