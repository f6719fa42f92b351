using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Messages;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Frames;

public sealed class DirectReadTests
{
    private const int Segment = Payload.SegmentLength;

    // Chunks that leave the rest of a segment small, and one that fills it.
    [Theory]
    [InlineData(60_000)]
    [InlineData(Segment - 1)]
    [InlineData(Segment)]
    public async Task A_long_payload_is_read_into_the_segments_of_its_message_to_the_end_of_each(int chunk)
    {
        const int Length = (8 * Segment) + 1;
        byte[] payload = new byte[Length];
        Random.Shared.NextBytes(payload);
        byte[] frame = FrameBytes.Build(WireOpcode.Binary, payload);
        using ChunkedStream network = new(frame, chunk);
        await using FrameStream stream = new(network, new FrameTraces());
        byte[] header = new byte[frame.Length - Length];
        Assert.Equal(header.Length, await stream.ReadAsync(header, TestContext.Current.CancellationToken));

        byte[] received = new byte[Length];
        int filled = 0;
        while (filled < Length)
        {
            int room = Math.Min(Segment - (filled % Segment), Length - filled);
            int readsBefore = network.Reads;
            int count = await stream.ReadAsync(received.AsMemory(filled, room), TestContext.Current.CancellationToken);
            Assert.InRange(count, 1, room);

            // What is left behind the last full segment comes through the read buffer, which looks for the next frame as well.
            if (network.Reads > readsBefore && Length - filled >= Segment)
            {
                Assert.Equal(room, network.Asked[^1]);
            }

            filled += count;
        }

        Assert.Equal(payload, received);
    }
}
