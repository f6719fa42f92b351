using System.Management.Automation;
using System.Text;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Refuses a close reason that does not fit into a close frame (RFC 6455 section 5.5) before anything is sent.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
internal sealed class ValidateCloseReasonAttribute : ValidateEnumeratedArgumentsAttribute
{
    private const int MaxBytes = 123;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    protected override void ValidateElement(object element)
    {
        int length;
        try
        {
            length = StrictUtf8.GetByteCount((string)element);
        }
        catch (EncoderFallbackException e)
        {
            throw new ValidationMetadataException("The close reason has half a surrogate pair, which has no UTF-8 form.", e);
        }

        if (length > MaxBytes)
        {
            throw new ValidationMetadataException($"The close reason has {length} bytes of UTF-8; at most {MaxBytes} fit into a close frame.");
        }
    }
}
