using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Refuses a close reason that does not fit into a close frame (RFC 6455 section 5.5) before anything is sent.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
internal sealed class ValidateCloseReasonAttribute : ValidateEnumeratedArgumentsAttribute
{
    protected override void ValidateElement(object element)
    {
        if (CloseArguments.RefusalOfReason((string)element) is { } refusal)
        {
            throw new ValidationMetadataException($"{refusal}.");
        }
    }
}
