using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Internal;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Lets a parameter take the name of something that this session runs in place of the thing itself.</summary>
/// <param name="kind">What it is, in a word.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
internal abstract class SessionNameTransformAttribute(string kind) : ArgumentTransformationAttribute
{
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        // Out of a splatted hashtable, what an empty pipeline gave comes as an object.
        object? input = inputData == AutomationNull.Value ? null : inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return input switch
        {
            string name => Find(WsSession.ForCurrentRunspace(), name) ?? throw Unknown(name),
            IList list => list.Cast<object?>().Select(item => Transform(engineIntrinsics, item)).ToArray(),
            PSCustomObject => throw new ArgumentTransformationMetadataException(
                $"This is a copy of a {kind}, from another process or a file; the {kind} itself runs there."),
            _ => input,
        };
    }

    /// <summary>The one of that name; null for none.</summary>
    private protected abstract object? Find(WsSession session, string name);

    /// <summary>All there are.</summary>
    private protected abstract IReadOnlyCollection<object> All(WsSession session);

    private ArgumentTransformationMetadataException Unknown(string name)
    {
        IReadOnlyCollection<object> all = All(WsSession.ForCurrentRunspace());
        string known = all.Count == 0 ? "It has none." : $"Its {kind}s: {string.Join(", ", all)}.";
        return new ArgumentTransformationMetadataException($"This session has no {kind} named '{name}'. {known}");
    }
}
