using System.Text;

namespace MessageWebSockets;

/// <summary>Checks the code and the reason of a close frame of ours (RFC 6455 section 7.4).</summary>
internal static class CloseArguments
{
    private const int MaxReasonBytes = 123;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Why a code cannot be sent, without the full stop; null where it can.</summary>
    public static string? Refusal(int code) => CloseFrame.ProblemOf(code) is { } problem
        ? $"The close code {code} cannot be sent: {problem}. Use 1000 to 1003, 1007 to 1014, or 3000 to 4999"
        : null;

    public static void Check(ushort? code, string? reason)
    {
        if (code is null)
        {
            if (!string.IsNullOrEmpty(reason))
            {
                throw new ArgumentException("A close reason needs a close code beside it (RFC 6455 section 5.5.1).", nameof(reason));
            }

            return;
        }

        if (Refusal(code.Value) is { } refusal)
        {
            throw new ArgumentOutOfRangeException(nameof(code), code, $"{refusal} (RFC 6455 section 7.4).");
        }

        int length;
        try
        {
            length = StrictUtf8.GetByteCount(reason ?? "");
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException("The close reason has half a surrogate pair, which has no UTF-8 form.", nameof(reason), e);
        }

        if (length > MaxReasonBytes)
        {
            throw new ArgumentException($"The close reason has {length} bytes of UTF-8; at most {MaxReasonBytes} fit into a close frame.", nameof(reason));
        }
    }
}
