using System.Text;
using Xunit;

namespace MessageWebSockets.Tests.Framing;

/// <summary>What is read of frames, and what is in them.</summary>
internal static class ReadFrames
{
    /// <param name="read">Reads the next bytes; 0 at the end.</param>
    /// <param name="room">How many bytes it may read at a time.</param>
    public static async Task<byte[]> ToEndAsync(Func<Memory<byte>, CancellationToken, ValueTask<int>> read, int room)
    {
        List<byte> bytes = [];
        byte[] buffer = new byte[room];
        int count;
        while ((count = await read(buffer, TestContext.Current.CancellationToken)) > 0)
        {
            bytes.AddRange(buffer[..count]);
        }

        return [.. bytes];
    }

    /// <summary>
    /// The opcode and the payload of each message and control frame. Where a message is cut depends on how its bytes came.
    /// </summary>
    public static string Describe(ReadOnlySpan<byte> frames, bool areMasked)
    {
        List<string> messages = [];
        string? open = null;
        while (frames.Length > 0)
        {
            Assert.True(FrameHeader.TryParse(frames, out FrameHeader header));
            Assert.Equal((areMasked, 0), (header.IsMasked, header.ReservedBits));
            string content = Encoding.Latin1.GetString(PayloadOf(frames, header));
            frames = frames[(header.HeaderLength + (int)header.PayloadLength)..];
            if (header.IsControl)
            {
                messages.Add($"{(int)header.Opcode}:{content}");
                continue;
            }

            Assert.Equal(open is null, header.Opcode != FrameOpcode.Continuation);
            open = open is null ? $"{(int)header.Opcode}:{content}" : open + content;
            if (header.IsFinal)
            {
                messages.Add(open);
                open = null;
            }
        }

        Assert.Null(open);
        return string.Join(' ', messages);
    }

    private static byte[] PayloadOf(ReadOnlySpan<byte> frames, FrameHeader header)
    {
        byte[] payload = frames.Slice(header.HeaderLength, (int)header.PayloadLength).ToArray();
        if (header.IsMasked)
        {
            FrameMask.Apply(payload, payload, BitConverter.ToUInt32(frames[(header.HeaderLength - sizeof(uint))..]));
        }

        return payload;
    }
}
