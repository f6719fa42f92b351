using System.Text;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

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

    /// <summary>The frames that a client wrote, unmasked.</summary>
    public static IEnumerable<(WireOpcode Opcode, byte[] Payload, bool IsFinal)> OfClient(byte[] bytes)
    {
        for (int start = 0; start < bytes.Length;)
        {
            if (!FrameHeader.TryParse(bytes.AsSpan(start), out FrameHeader header) || !header.IsMasked)
            {
                throw new InvalidDataException("A client wrote a frame without a mask.");
            }

            // Not with the masking that is tested.
            int begin = start + header.HeaderLength;
            byte[] payload = bytes[begin..(begin + (int)header.PayloadLength)];
            for (int i = 0; i < payload.Length; i++)
            {
                payload[i] ^= bytes[begin - sizeof(uint) + (i & 3)];
            }

            yield return ((WireOpcode)header.Opcode, payload, header.IsFinal);
            start = begin + payload.Length;
        }
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
