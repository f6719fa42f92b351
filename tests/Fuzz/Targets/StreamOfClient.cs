namespace MessageWebSockets.Fuzz.Targets;

/// <summary>What a client sends, as the end of a tunnel reads it: bytes as they arrive.</summary>
/// <remarks>
/// The first byte says how many bytes arrive at a time, the second one how many came early, the third one how many are asked for.
/// </remarks>
internal sealed class StreamOfClient : FuzzTarget
{
    public override string Name => "client-stream";

    public override void Run(ReadOnlySpan<byte> input)
    {
        int atATime = Take(ref input) + 1;
        int early = Take(ref input);
        byte[] buffer = new byte[Take(ref input) * 64];
        early = Math.Min(early, input.Length);
        ClientFrameStream frames = new(
            new PeerStream(input[early..].ToArray(), atATime), input[..early].ToArray(), compression: null, new ActivityClock());
        ClientPayload payload = new(frames);
        List<byte> stream = [];
        try
        {
            bool hasWaited = false;
            while (Now(payload.ReadAsync(hasWaited || buffer.Length == 0 ? buffer : [])) is { } read)
            {
                stream.AddRange(buffer.AsSpan(0, read));
                if (buffer.Length == 0)
                {
                    break;
                }

                hasWaited = !hasWaited;
            }
        }
        catch (Exception e) when (e is ProtocolViolationException or IOException)
        {
            // What ends the tunnel.
        }

        Require(PlainFrames.Payload(input).AsSpan().StartsWith(stream.ToArray()), "Other bytes than were sent.");
    }
}
