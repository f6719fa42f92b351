using System.Text;

namespace MessageWebSockets.Errors;

/// <summary>Text as UTF-8, which a lone surrogate has no form in.</summary>
internal static class StrictUtf8
{
    private static readonly UTF8Encoding s_encoding = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="ArgumentException">The text has a lone surrogate.</exception>
    public static byte[] GetBytes(string text, string parameter)
    {
        try
        {
            return s_encoding.GetBytes(text);
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException($"The text has half a surrogate pair at index {e.Index}; it has no UTF-8 form.", parameter, e);
        }
    }
}
