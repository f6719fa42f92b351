using System.Text.Unicode;
using Xunit;

namespace MessageWebSockets.Tests.Framing;

/// <summary>
/// Gives the same random streams to our reading path and to the framework's framing alone, and compares messages, order, end and
/// answer. Where the two may differ is said by rule, below.
/// </summary>
internal static class FramingComparison
{
    private const int StreamsInABatch = 25;

    // Where ours is stricter, earlier, or takes more. A difference that no rule allows is a fault.
    private static readonly (string Why, Func<RandomStream, Outcome, Outcome, bool> Allows)[] s_rules =
    [
        ("An empty close frame is told as 1005 (RFC 6455 section 7.1.5); the framework says 1000.",
            (_, ours, theirs) => (ours.How, ours.Code, theirs.How, theirs.Code) == (Ending.Closed, 1005, Ending.Closed, 1000)
                && ours.Reason == theirs.Reason && IsSame(ours, theirs)),
        ("The close codes 1012 to 1014 are registered; the framework refuses them.",
            (_, ours, theirs) => ours is { How: Ending.Closed, Code: >= 1012 and <= 1014 }
                && theirs is { How: Ending.Refused, Code: 1002 } && IsSame(ours, theirs)),
        ("A close reason that is not UTF-8 is refused with 1007; the framework says 1002.",
            (_, ours, theirs) => IsInvalidData(ours) && theirs is { How: Ending.Refused, Code: 1002 } && IsSame(ours, theirs)),
        ("Text that is not UTF-8 is refused with the byte that makes it so; the framework waits for the end of the frame, or "
            + "for more, and a close frame may come first.",
            (_, ours, theirs) => IsInvalidData(ours) && (theirs.How is Ending.Lost or Ending.Closed || theirs.Code == 1007)
                && ours.Messages.SequenceEqual(theirs.Messages) && IsStartOf(ours.Pongs, theirs.Pongs)),
        ("Text that is not UTF-8 is refused with the byte that makes it so; what the framework refuses may come behind that.",
            (stream, ours, theirs) => !stream.IsCompressed && IsInvalidData(ours) && theirs is { How: Ending.Refused, Code: 1002 }
                && ours.Messages.SequenceEqual(theirs.Messages) && IsStartOf(ours.Pongs, theirs.Pongs)
                && IsBrokenText(stream.Bytes, ours.Messages.Count)),
        ("Text that ends inside a character with a frame without payload is refused; the framework takes it.",
            (_, ours, theirs) => IsInvalidData(ours) && IsStart(ours, theirs) && theirs.Messages.Count > ours.Messages.Count
                && IsInvalidText(theirs.Messages[ours.Messages.Count])),
        ("Compressed data that cannot be decompressed is refused with 1007; the framework breaks off without a close frame.",
            (_, ours, theirs) => IsInvalidData(ours) && theirs is { How: Ending.Refused, Code: 0 } && IsSame(ours, theirs)),
        ("A compressed message that ends within a block is refused (RFC 7692 section 7.2.1); the framework takes it for a whole one.",
            (stream, ours, theirs) => stream.IsCompressed && IsInvalidData(ours) && IsStart(ours, theirs)
                && CompressedMessages.EndsWithinBlock(stream.Bytes, ours.Messages.Count)),
        ("A final DEFLATE block may end a message (RFC 7692 section 7.2.3.4); the framework breaks off.",
            (stream, ours, theirs) => stream.IsCompressed && theirs.Reason.Contains("BFINAL", StringComparison.Ordinal)
                && (IsStart(theirs, ours) || (ours.How == Ending.Lost && IsStartOf(theirs.Messages, ours.Messages)))),
        ("A length in more bytes than it needs is refused (RFC 6455 section 5.2); the framework takes it.",
            (stream, ours, theirs) => ours is { How: Ending.Refused, Code: 1002 } && IsStart(ours, theirs)
                && HasFrame(stream.Bytes, header => !header.HasShortestLength)),
        ("A message that no array can hold is refused on its announcement; the framework waits for it.",
            (stream, ours, theirs) => ours is { How: Ending.Refused, Code: 1009 } && IsStart(ours, theirs)
                && HasFrame(stream.Bytes, header => header.PayloadLength > Array.MaxLength)),
        ("RSV1 on a control frame is refused, compression or not (RFC 7692 section 6.1); with compression the framework takes it.",
            (stream, ours, theirs) => stream.IsCompressed && ours is { How: Ending.Refused, Code: 1002 } && IsStart(ours, theirs)
                && HasFrame(stream.Bytes, header => header.IsControl && header.ReservedBits != 0)),
    ];

    public static async Task RunAsync(int seed)
    {
        for (int i = 0; i < StreamsInABatch; i++)
        {
            await RunOneAsync(unchecked((seed * StreamsInABatch) + i));
        }
    }

    private static async Task RunOneAsync(int seed)
    {
        using RandomStream stream = new(seed);
        Outcome ours = await Outcome.OfOursAsync(stream, seed);
        Outcome theirs = await Outcome.OfFrameworkAsync(stream, seed);
        bool isEqual = IsSame(ours, theirs) && (ours.How, ours.Code) == (theirs.How, theirs.Code)
            && (ours.How != Ending.Closed || ours.Reason == theirs.Reason);
        Assert.True(
            isEqual || s_rules.Any(rule => rule.Allows(stream, ours, theirs)),
            $"Stream {seed}{(stream.IsCompressed ? ", compressed" : "")}{(stream.IsPartial ? ", in chunks" : "")}, "
            + $"{stream.Bytes.Length} bytes "
            + $"{Convert.ToHexString(stream.Bytes.AsSpan(0, Math.Min(stream.Bytes.Length, 1000)))}\nours   {ours}\ntheirs {theirs}");
    }

    // Answers that still wait when the stream has ended are not written any more.
    private static bool IsSame(Outcome ours, Outcome theirs) =>
        ours.Messages.SequenceEqual(theirs.Messages)
        && (ours.Pongs.SequenceEqual(theirs.Pongs) || (ours.How == Ending.Lost && IsStartOf(ours.Pongs, theirs.Pongs)));

    private static bool IsStart(Outcome earlier, Outcome later) =>
        IsStartOf(earlier.Messages, later.Messages) && IsStartOf(earlier.Pongs, later.Pongs);

    private static bool IsStartOf(IReadOnlyList<string> start, IReadOnlyList<string> all) => all.Take(start.Count).SequenceEqual(start);

    private static bool IsInvalidData(Outcome outcome) => outcome is { How: Ending.Refused, Code: 1007 };

    private static bool IsInvalidText(string message) =>
        message.Split(' ') is ["text", var hex] && !Utf8.IsValid(Convert.FromHexString(hex));

    // Whether the message behind so many others is a text that is not UTF-8, as far as legal frames are there whole.
    private static bool IsBrokenText(ReadOnlySpan<byte> bytes, int others)
    {
        bool isText = false;
        Utf8Watch text = default;
        while (FrameHeader.TryParse(bytes, out FrameHeader header) && header.PayloadLength >= 0
            && header is { ReservedBits: 0, IsMasked: false } && bytes.Length - header.HeaderLength >= header.PayloadLength)
        {
            ReadOnlySpan<byte> payload = bytes.Slice(header.HeaderLength, (int)header.PayloadLength);
            bytes = bytes[(header.HeaderLength + payload.Length)..];
            if (header.IsControl)
            {
                continue;
            }

            if (header.Opcode != FrameOpcode.Continuation)
            {
                isText = header.Opcode == FrameOpcode.Text;
                text = default;
            }

            if (isText && (!text.TryAppend(payload) || (header.IsFinal && !text.IsComplete)))
            {
                return others == 0;
            }

            others -= header.IsFinal ? 1 : 0;
        }

        return false;
    }

    // Of the frames up to the first that is not there whole.
    private static bool HasFrame(ReadOnlySpan<byte> bytes, Predicate<FrameHeader> condition)
    {
        while (FrameHeader.TryParse(bytes, out FrameHeader header))
        {
            if (condition(header))
            {
                return true;
            }

            long length = header.HeaderLength + header.PayloadLength;
            if (header.PayloadLength < 0 || length < 0 || length > bytes.Length)
            {
                break;
            }

            bytes = bytes[(int)length..];
        }

        return false;
    }
}
