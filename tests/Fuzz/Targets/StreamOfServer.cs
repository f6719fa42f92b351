namespace MessageWebSockets.Fuzz.Targets;

/// <summary>What a server sends, as <see cref="StreamWebSocket"/> reads it: bytes as they arrive.</summary>
/// <remarks>The first byte chooses whether they are compressed, the second one how many bytes arrive at a time.</remarks>
internal sealed class StreamOfServer : FramesOfServer
{
    private const byte Deflate = 1;

    public override string Name => "server-stream";

    public override void Run(ReadOnlySpan<byte> input)
    {
        byte choice = Take(ref input);
        int atATime = Take(ref input) + 1;
        bool isCompressed = (choice & Deflate) != 0;
        using MessageInflater? inflater = isCompressed ? new MessageInflater(keepsContext: true) : null;
        ByteQueue queue = new(new ReceivePause());
        byte[] buffer = new byte[ByteQueue.Capacity];
        List<byte> stream = [];
        ReadToEnd(
            new PeerStream(input.ToArray(), atATime),
            inflater,
            (framing, frames) => new StreamSource(framing, frames, queue),
            received =>
            {
                queue.Commit(received.Length);
                if (received.Length > 0)
                {
                    stream.AddRange(buffer.AsSpan(0, Now(queue.ReadAsync(buffer, CancellationToken.None))));
                }
            });

        Require(isCompressed || PlainFrames.Payload(input).AsSpan().StartsWith(stream.ToArray()), "Other bytes than were sent.");
    }
}
