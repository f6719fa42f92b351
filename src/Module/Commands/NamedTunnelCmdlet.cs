using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell;

/// <summary>What the cmdlets that take names of tunnels have in common.</summary>
public abstract class NamedTunnelCmdlet : WsCmdlet
{
    /// <summary>The tunnels of this session that have one of the names; a name without wildcards that none has is an error.</summary>
    private protected IEnumerable<WsTunnel> Named(string[] names)
    {
        foreach (string name in names)
        {
            NamePattern pattern = new(name);
            WsTunnel[] found = [.. Session.Tunnels.Where(tunnel => pattern.IsMatch(tunnel.TunnelName))];
            if (found.Length == 0 && !pattern.HasWildcards)
            {
                WriteError(WsErrors.TunnelNotFound(name, Session.Tunnels.Select(static tunnel => tunnel.TunnelName)));
            }

            foreach (WsTunnel tunnel in found)
            {
                yield return tunnel;
            }
        }
    }
}
