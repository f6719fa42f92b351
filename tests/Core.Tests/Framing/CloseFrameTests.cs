using System.Buffers.Binary;
using Xunit;

namespace MessageWebSockets.Tests.Framing;

public sealed class CloseFrameTests
{
    [Theory]
    [InlineData(999, false)]
    [InlineData(1000, true)]
    [InlineData(1003, true)]
    [InlineData(1004, false)]
    [InlineData(1006, false)]
    [InlineData(1007, true)]
    [InlineData(1014, true)]
    [InlineData(1015, false)]
    [InlineData(2999, false)]
    [InlineData(3000, true)]
    [InlineData(4999, true)]
    [InlineData(5000, false)]
    public void The_codes_of_section_7_4_may_be_said(ushort code, bool may)
    {
        Assert.Equal(may, CloseFrame.MaySay(code));
        byte[] payload = [0, 0, .. "why"u8];
        BinaryPrimitives.WriteUInt16BigEndian(payload, code);
        if (may)
        {
            Assert.Equal(new WebSocketCloseResult(code, "why"), CloseFrame.Read(payload));
        }
        else
        {
            ProtocolViolationException error = Assert.Throws<ProtocolViolationException>(() => CloseFrame.Read(payload));
            Assert.Equal(1002, error.CloseCode);
            Assert.Contains($"the close code {code},", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(999, "codes below 1000 are not used")]
    [InlineData(1004, "it is reserved")]
    [InlineData(1005, "it only reports that a code is missing and is never sent")]
    [InlineData(1016, "codes from 1016 to 2999 are reserved")]
    [InlineData(2999, "codes from 1016 to 2999 are reserved")]
    [InlineData(5000, "codes end at 4999")]
    [InlineData(65536, "codes end at 4999")]
    [InlineData(1000, null)]
    public void Why_a_code_may_not_be_said_is_told(int code, string? problem) => Assert.Equal(problem, CloseFrame.ProblemOf(code));

    [Fact]
    public void An_empty_one_says_1005_and_half_a_code_is_refused()
    {
        Assert.Equal(new WebSocketCloseResult(1005, ""), CloseFrame.Read([]));
        CloseFrame.CheckLength(0);
        CloseFrame.CheckLength(2);
        ProtocolViolationException error = Assert.Throws<ProtocolViolationException>(() => CloseFrame.CheckLength(1));
        Assert.Equal(1002, error.CloseCode);
        Assert.Contains("half a close code", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reason_that_is_not_UTF8_is_refused_as_data()
    {
        ProtocolViolationException error = Assert.Throws<ProtocolViolationException>(() => CloseFrame.Read([0x03, 0xE8, 0xC3]));
        Assert.Equal(1007, error.CloseCode);
        Assert.NotNull(error.InnerException);
        Assert.Contains("reason that is not UTF-8", error.Message, StringComparison.Ordinal);
    }
}
