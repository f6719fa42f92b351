using System.Text;
using System.Text.Unicode;
using Xunit;

namespace MessageWebSockets.Tests.Messages;

public sealed class Utf8WatchTests
{
    [Fact]
    public void Text_is_taken_however_it_is_cut()
    {
        byte[] text = Encoding.UTF8.GetBytes("a\u00E9\u20AC\U0001F600z");
        for (int first = 0; first <= text.Length; first++)
        {
            for (int second = first; second <= text.Length; second++)
            {
                Utf8Watch watch = default;
                Assert.True(watch.TryAppend(text.AsSpan(0, first)));
                Assert.True(watch.TryAppend(text.AsSpan(first, second - first)));
                Assert.True(watch.TryAppend(text.AsSpan(second)));
                Assert.True(watch.IsComplete);
            }
        }
    }

    [Fact]
    public void Each_byte_is_judged_as_soon_as_it_is_there()
    {
        Random random = new(6455);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = new byte[random.Next(1, 9)];
            random.NextBytes(bytes);
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = random.Next(3) == 0 ? bytes[i] : (byte)(0x80 | (bytes[i] & 0x3F));
            }

            Utf8Watch watch = default;
            int taken = 0;
            while (taken < bytes.Length && watch.TryAppend(bytes.AsSpan(taken, 1)))
            {
                taken++;
            }

            // The longest beginning that some text goes on from: whole characters, and the beginning of one.
            int good = Enumerable.Range(0, bytes.Length + 1).Last(length => CanBegin(bytes.AsSpan(0, length)));
            Assert.Equal(good, taken);
            Utf8Watch atOnce = default;
            Assert.Equal(taken == bytes.Length, atOnce.TryAppend(bytes));
        }
    }

    private static bool CanBegin(ReadOnlySpan<byte> bytes) => Utf8.IsValid(bytes[..^Utf8Boundary.UnfinishedLength(bytes)]);
}
