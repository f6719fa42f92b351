using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Refuses close codes that must not be sent (RFC 6455 section 7.4) before anything is.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
internal sealed class ValidateCloseCodeAttribute : ValidateEnumeratedArgumentsAttribute
{
    protected override void ValidateElement(object element)
    {
        int code = LanguagePrimitives.ConvertTo<int>(element);
        string? problem = code switch
        {
            < 1000 => "codes below 1000 are not used",
            1004 => "it is reserved",
            1005 or 1006 or 1015 => "it only reports that a code is missing and is never sent",
            >= 1016 and <= 2999 => "codes from 1016 to 2999 are reserved",
            >= 5000 => "codes end at 4999",
            _ => null,
        };
        if (problem is not null)
        {
            throw new ValidationMetadataException($"The close code {code} cannot be sent: {problem}. Use 1000 to 1003, 1007 to 1014, or 3000 to 4999.");
        }
    }
}
