using MessageWebSockets.PowerShell.Messages;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests.Messages;

/// <summary>What is sent of a file, and what becomes known of it on the way.</summary>
public sealed class FragmentReaderTests
{
    [Theory]
    [InlineData(0, "0!")]
    [InlineData(3, "3!")]
    [InlineData(4, "4!")]
    [InlineData(9, "4 4 1!")]
    public void The_last_fragment_is_known(int length, string expected) =>
        Assert.Equal(expected, Read(new FragmentReader(new MemoryStream(new byte[length]), 4)));

    [Fact]
    public void A_file_that_was_longer_when_it_was_opened_was_cut_off()
    {
        using MemoryStream content = new();
        content.SetLength(12);
        FragmentReader reader = new(content, 4);
        Assert.Equal(4, reader.Read(out bool isLast).Length);
        Assert.False(isLast);
        content.SetLength(8);

        IOException cut = Assert.Throws<IOException>(() => reader.Read(out _));

        Assert.Equal("It was cut off while it was read: of 12 bytes 8 were there.", cut.Message);
    }

    [Fact]
    public void A_file_of_the_system_that_says_it_is_longer_than_it_is_was_not_cut_off() =>
        Assert.Equal("4 2!", Read(new FragmentReader(new SystemFile(said: 4096, length: 6), 4)));

    [Fact]
    public void What_was_read_whole_before_it_was_cut_off_is_whole()
    {
        using MemoryStream content = new();
        content.SetLength(8);
        FragmentReader reader = new(content, 8);
        content.SetLength(0);

        Assert.Equal("8!", Read(reader));
    }

    private static string Read(FragmentReader reader)
    {
        List<int> lengths = [];
        bool isLast = false;
        while (!isLast)
        {
            lengths.Add(reader.Read(out isLast).Length);
        }

        return string.Join(' ', lengths) + "!";
    }

    private sealed class SystemFile(long said, int length) : MemoryStream(new byte[length])
    {
        public override long Length => said;
    }
}
