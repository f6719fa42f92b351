using System.Collections;
using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Lets a -Server parameter take the name of a server of this session in place of the server itself.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
internal sealed class ServerNameTransformAttribute : ArgumentTransformationAttribute
{
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? input = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return input switch
        {
            string name => Find(name),
            IList list => list.Cast<object?>().Select(item => Transform(engineIntrinsics, item)).ToArray(),
            PSCustomObject => throw new ArgumentTransformationMetadataException(
                "This is a copy of a server, from another process or a file; the server itself runs there."),
            _ => input,
        };
    }

    private static WebSocketEchoServer Find(string name)
    {
        WsSession session = WsSession.ForCurrentRunspace();
        if (session.FindServer(name) is { } server)
        {
            return server;
        }

        string known = session.Servers.Count == 0 ? "It has none." : $"Its servers: {string.Join(", ", session.Servers)}.";
        throw new ArgumentTransformationMetadataException($"This session has no server named '{name}'. {known}");
    }
}
