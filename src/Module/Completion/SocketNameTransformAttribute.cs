using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Internal;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Lets a -Socket parameter take the name of a socket of this session in place of the socket itself.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
internal sealed class SocketNameTransformAttribute : ArgumentTransformationAttribute
{
    /// <summary>
    /// Whether a name that no socket has is left to the cmdlet, as a socket that is marked <see cref="SocketExtras.IsUnknown"/>.
    /// </summary>
    public bool TakesUnknownNames { get; set; }

    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        // Out of a splatted hashtable, what an empty pipeline gave comes as an object.
        object? input = inputData == AutomationNull.Value ? null : inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return input switch
        {
            string name => Find(name),
            byte[] => input,
            IList list => list.Cast<object?>().Select(item => Transform(engineIntrinsics, item)).ToArray(),
            PSCustomObject => throw new ArgumentTransformationMetadataException(
                "This is a copy of a socket, from another process or a file; the connection itself is not in it. "
                + "Connect in this session, or give the name of one of its sockets."),
            _ => input,
        };
    }

    private MessageWebSocket Find(string name)
    {
        WsSession session = WsSession.ForCurrentRunspace();
        if (session.Find(name) is { } socket)
        {
            return socket;
        }

        if (!TakesUnknownNames)
        {
            throw new ArgumentTransformationMetadataException(WsErrors.UnknownName(name, session.Sockets));
        }

        MessageWebSocket unknown = new() { Name = name };
        SocketExtras.Of(unknown).IsUnknown = true;
        return unknown;
    }
}
