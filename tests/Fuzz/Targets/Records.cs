namespace MessageWebSockets.Fuzz.Targets;

/// <summary>Messages that carry records, whole or in chunks, cut as the library does and as anyone would.</summary>
/// <remarks>
/// The first byte chooses the separator and whether chunks come; each further one begins a chunk of its low bits' length, and its
/// highest bit ends the message.
/// </remarks>
internal sealed class Records : FuzzTarget
{
    private const byte IsChunked = 8;
    private const byte Ends = 0x80;

    private static readonly string[] s_separators = ["\n", "\0", "\x1e", "\r\n", "aba", "aaa", "\u00e9\u00e9", "|"];

    public override string Name => "records";

    public override void Run(ReadOnlySpan<byte> input)
    {
        byte choice = Take(ref input);
        RecordSeparator separator = new(s_separators[choice & 7]);
        List<ReceivedData> sent = Messages(input, isChunked: (choice & IsChunked) != 0);
        IMessageSource source = RecordReader.Over(new Given(sent), separator);
        List<byte[]> records = [];
        List<byte> current = [];
        while (Now(source.ReceiveAsync()) is { IsClose: false } first)
        {
            ReceivedData received = first;
            do
            {
                current.AddRange(received.Bytes!);
                if (received.IsComplete)
                {
                    records.Add([.. current]);
                    current.Clear();
                }
            }
            while (source.TryReceiveBuffered(out received));
        }

        byte[][] expected = [.. Expected(sent, separator.Bytes)];
        Require(
            records.Count == expected.Length && records.Zip(expected).All(static pair => pair.First.AsSpan().SequenceEqual(pair.Second)),
            $"{records.Count} records in place of {expected.Length}, or others.");
    }

    private static List<ReceivedData> Messages(ReadOnlySpan<byte> input, bool isChunked)
    {
        List<ReceivedData> messages = [];
        while (!input.IsEmpty)
        {
            byte head = Take(ref input);
            int length = Math.Min(head & ~Ends, input.Length);

            // A chunk of nothing that ends nothing is how a message that was interrupted is told of.
            bool isComplete = !isChunked || (head & Ends) != 0 || length == 0;
            messages.Add(new ReceivedData(input[..length].ToArray(), null, SocketMessageType.Binary, isComplete));
            input = input[length..];
        }

        if (messages is [.., { IsComplete: false } last])
        {
            messages[^1] = last with { IsComplete = true };
        }

        return messages;
    }

    private static List<byte[]> Expected(List<ReceivedData> messages, ReadOnlySpan<byte> separator)
    {
        List<byte[]> records = [];
        List<byte> message = [];
        foreach (ReceivedData chunk in messages)
        {
            message.AddRange(chunk.Bytes!);
            if (!chunk.IsComplete)
            {
                continue;
            }

            ReadOnlySpan<byte> rest = message.ToArray();
            while (!rest.IsEmpty)
            {
                int end = rest.IndexOf(separator);
                ReadOnlySpan<byte> record = end < 0 ? rest : rest[..end];
                rest = end < 0 ? [] : rest[(end + separator.Length)..];
                if (!record.IsEmpty)
                {
                    records.Add(record.ToArray());
                }
            }

            message.Clear();
        }

        return records;
    }

    private sealed class Given(List<ReceivedData> messages) : IMessageSource
    {
        private int _next;

        public ValueTask<ReceivedData> ReceiveAsync() => new(_next < messages.Count ? messages[_next++] : default);

        public bool TryReceiveBuffered(out ReceivedData received)
        {
            received = default;
            return false;
        }
    }
}
