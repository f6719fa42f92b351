using Xunit;

namespace MessageWebSockets.Tests.Framing;

public sealed class FrameHeaderTests
{
    // Each length that changes the form of the header, and its neighbours.
    [Theory]
    [InlineData(0, "8200")]
    [InlineData(125, "827D")]
    [InlineData(126, "827E007E")]
    [InlineData(127, "827E007F")]
    [InlineData(65535, "827EFFFF")]
    [InlineData(65536, "827F0000000000010000")]
    public void A_header_is_written_and_read_in_the_shortest_form(int length, string bytes)
    {
        Span<byte> target = stackalloc byte[FrameHeader.MaxLength];
        FrameHeader written = FrameHeader.Write(target, FrameOpcode.Binary, isFinal: true, length);

        Assert.Equal(bytes, Convert.ToHexString(target[..written.HeaderLength]));
        Assert.True(FrameHeader.TryParse(target[..written.HeaderLength], out FrameHeader read));
        Assert.Equal(written, read);
        Assert.True(read.HasShortestLength);
        Assert.True(read.IsPlainMessage);
        Assert.False(FrameHeader.TryParse(target[..(written.HeaderLength - 1)], out _));
    }

    [Theory]
    [InlineData("827E007D", 125, false)]
    [InlineData("827E007E", 126, true)]
    [InlineData("827F000000000000FFFF", 65535, false)]
    [InlineData("827F8000000000000000", long.MinValue, false)]
    [InlineData("82FE007D00000000", 125, false)]
    [InlineData("82FE007E00000000", 126, true)]
    [InlineData("828000000000", 0, true)]
    public void A_length_in_more_bytes_than_it_needs_is_noticed(string bytes, long length, bool isShortest)
    {
        Assert.True(FrameHeader.TryParse(Convert.FromHexString(bytes), out FrameHeader header));
        Assert.Equal(length, header.PayloadLength);
        Assert.Equal(isShortest, header.HasShortestLength);
        Assert.Equal(bytes.Length / 2, header.HeaderLength);
    }

    [Theory]
    [InlineData("8100", true)]
    [InlineData("8200", true)]
    [InlineData("0100", false)]
    [InlineData("8000", false)]
    [InlineData("8900", false)]
    [InlineData("C100", false)]
    [InlineData("818000000000", false)]
    [InlineData("817E0001", false)]
    public void A_plain_message_is_unfragmented_and_as_it_is(string bytes, bool isPlain)
    {
        Assert.True(FrameHeader.TryParse(Convert.FromHexString(bytes), out FrameHeader header));
        Assert.Equal(isPlain, header.IsPlainMessage);
    }

    [Theory]
    [InlineData("8800", true)]
    [InlineData("8900", true)]
    [InlineData("8A7D", true)]
    [InlineData("8B00", false)]
    [InlineData("8200", false)]
    [InlineData("0900", false)]
    [InlineData("C900", false)]
    [InlineData("898000000000", false)]
    [InlineData("897E007E", false)]
    public void A_legal_control_frame_is_short_and_final(string bytes, bool isLegal)
    {
        Assert.True(FrameHeader.TryParse(Convert.FromHexString(bytes), out FrameHeader header));
        Assert.Equal(isLegal, header.IsLegalControl);
    }

    [Fact]
    public void The_bits_of_the_first_byte_are_told_apart()
    {
        Assert.True(FrameHeader.TryParse([0x71, 0x00], out FrameHeader header));
        Assert.False(header.IsFinal);
        Assert.False(header.IsControl);
        Assert.Equal(FrameOpcode.Text, header.Opcode);
        Assert.Equal(0x70, header.ReservedBits);
        Assert.True(header.IsCompressed);
        Assert.True(FrameHeader.TryParse([0xB8, 0x00], out FrameHeader other));
        Assert.True(other.IsFinal);
        Assert.True(other.IsControl);
        Assert.Equal(0x30, other.ReservedBits);
        Assert.False(other.IsCompressed);
        Assert.False(FrameHeader.TryParse([0x81], out _));
    }

    [Fact]
    public void A_fragment_is_written_without_the_FIN_bit()
    {
        byte[] target = new byte[FrameHeader.MaxLength];
        FrameHeader header = FrameHeader.Write(target, FrameOpcode.Text, isFinal: false, 5);
        Assert.Equal([0x01, 0x05], target[..2]);
        Assert.False(header.IsMasked);
        Assert.False(header.IsFinal);
    }
}
