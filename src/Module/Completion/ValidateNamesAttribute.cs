using System.Collections;
using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>
/// Refuses names without a character in them, before anything is done with the others. Null passes: it is the variable of something that
/// is not there.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
internal sealed class ValidateNamesAttribute : ValidateArgumentsAttribute
{
    protected override void Validate(object arguments, EngineIntrinsics engineIntrinsics)
    {
        IEnumerable names = arguments is string name ? new[] { name } : arguments as IEnumerable ?? Array.Empty<string>();
        if (names.OfType<string>().Any(string.IsNullOrWhiteSpace))
        {
            throw new ValidationMetadataException("A name is empty; give one that has a character other than a space, or leave it out.");
        }
    }
}
