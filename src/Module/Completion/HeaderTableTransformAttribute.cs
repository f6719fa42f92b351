using System.Collections;
using System.Collections.Specialized;
using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>
/// Takes the properties of an object, as ConvertFrom-Json makes them, for request headers, and an empty cell of a table for none.
/// Anything else is an error: PowerShell would pass over a property that it cannot bind, and the connect would go without the headers.
/// </summary>
internal sealed class HeaderTableTransformAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData) =>
        (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) switch
        {
            null => null,
            IDictionary table => table,
            PSCustomObject => OfProperties((PSObject)inputData!),
            string text when string.IsNullOrWhiteSpace(text) => new OrderedDictionary(),
            object other => throw new ArgumentTransformationMetadataException(
                $"An object of type {other.GetType().Name} is no set of headers: give a hashtable, "
                + "or an object with a property for each header."),
        };

    private static OrderedDictionary OfProperties(PSObject headers)
    {
        OrderedDictionary table = [];
        foreach (PSPropertyInfo property in headers.Properties)
        {
            table[property.Name] = property.Value;
        }

        return table;
    }
}
