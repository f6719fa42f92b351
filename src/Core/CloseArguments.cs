using System.Text;

namespace MessageWebSockets;

/// <summary>Checks the code and the reason of a close frame of ours (RFC 6455 section 7.4).</summary>
internal static class CloseArguments
{
    // A control frame has 125 bytes, and the code takes two of them.
    private const int MaxReasonBytes = ControlFrame.MaxPayload - sizeof(ushort);

    /// <summary>Why a code cannot be sent, without the full stop; null where it can.</summary>
    public static string? RefusalOfCode(int code) => CloseFrame.ProblemOf(code) is { } problem
        ? $"The close code {code} cannot be sent: {problem}. Use {CloseFrame.Sendable}"
        : null;

    /// <summary>Why a reason cannot be sent, without the full stop; null where it can.</summary>
    public static string? RefusalOfReason(string reason)
    {
        try
        {
            int length = StrictUtf8.Encoding.GetByteCount(reason);
            return length > MaxReasonBytes
                ? $"The close reason has {length} bytes of UTF-8; at most {MaxReasonBytes} fit into a close frame"
                : null;
        }
        catch (EncoderFallbackException)
        {
            return "The close reason has half a surrogate pair, which has no UTF-8 form";
        }
    }

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

        if (RefusalOfCode(code.Value) is { } codeRefusal)
        {
            throw new ArgumentOutOfRangeException(nameof(code), code, $"{codeRefusal} (RFC 6455 section 7.4).");
        }

        if (RefusalOfReason(reason ?? "") is { } reasonRefusal)
        {
            throw new ArgumentException($"{reasonRefusal}.", nameof(reason));
        }
    }
}
