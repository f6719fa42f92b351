using System.Collections;
using System.Management.Automation;
using MessageWebSockets.PowerShell.Connecting;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>
/// Takes a text that cannot be parsed as an address for a <see cref="MalformedUri"/>, so that it ends in a result and not in an error
/// of parameter binding.
/// </summary>
internal sealed class EndpointTransformAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) => Unwrap(inputData) switch
    {
        string text => Of(text),
        IEnumerable many and not IDictionary =>
            many.Cast<object?>().Select(static item => Unwrap(item) is string text ? Of(text) : item).ToArray(),
        _ => inputData,
    };

    private static object? Unwrap(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    private static Uri Of(string text) => Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out Uri? uri) ? uri : new MalformedUri(text);
}
