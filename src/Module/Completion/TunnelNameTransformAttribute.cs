using System.Collections;
using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Lets a -Tunnel parameter take the name of a tunnel of this session in place of the tunnel itself.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
internal sealed class TunnelNameTransformAttribute : ArgumentTransformationAttribute
{
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? input = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return input switch
        {
            string name => Find(name),
            IList list => list.Cast<object?>().Select(item => Transform(engineIntrinsics, item)).ToArray(),
            PSCustomObject => throw new ArgumentTransformationMetadataException(
                "This is a copy of a tunnel, from another process or a file; the tunnel itself runs there."),
            _ => input,
        };
    }

    private static WsTunnel Find(string name)
    {
        WsSession session = WsSession.ForCurrentRunspace();
        if (session.FindTunnel(name) is { } tunnel)
        {
            return tunnel;
        }

        string known = session.Tunnels.Count == 0 ? "It has none." : $"Its tunnels: {string.Join(", ", session.Tunnels)}.";
        throw new ArgumentTransformationMetadataException($"This session has no tunnel named '{name}'. {known}");
    }
}
