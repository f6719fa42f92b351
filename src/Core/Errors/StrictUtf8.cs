using System.Text;

namespace MessageWebSockets.Errors;

/// <summary>Text as UTF-8, which a lone surrogate has no form in.</summary>
internal static class StrictUtf8
{
    /// <summary>Throws where text or bytes are not right, and has no byte order mark.</summary>
    public static UTF8Encoding Encoding { get; } = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="ArgumentException">The text has a lone surrogate.</exception>
    public static byte[] GetBytes(string text, string parameter)
    {
        try
        {
            return Encoding.GetBytes(text);
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException($"The text has half a surrogate pair at index {e.Index}; it has no UTF-8 form.", parameter, e);
        }
    }
}
