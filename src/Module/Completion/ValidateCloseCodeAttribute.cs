using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Refuses close codes that must not be sent (RFC 6455 section 7.4) before anything is.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
internal sealed class ValidateCloseCodeAttribute : ValidateEnumeratedArgumentsAttribute
{
    protected override void ValidateElement(object element)
    {
        if (CloseArguments.RefusalOfCode(LanguagePrimitives.ConvertTo<int>(element)) is { } refusal)
        {
            throw new ValidationMetadataException($"{refusal}.");
        }
    }
}
