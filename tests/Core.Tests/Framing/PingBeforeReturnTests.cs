using System.Threading.Channels;
using Xunit;

namespace MessageWebSockets.Tests.Framing;

/// <summary>An order of events that the network allows and a test with sockets cannot force.</summary>
public sealed class PingBeforeReturnTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Keep_alive_pings_go_on_after_a_pong_that_is_read_before_its_pings_write_returns()
    {
        AnsweringStream network = new();
        using FrameStream transport = new(network, new FrameTraces());
        using CancellationTokenSource end = new();
        Task reading = ReadAsync(transport, end.Token);
        using KeepAlive keepAlive = new(
            transport.Received, transport.Writer, progress: null, TimeSpan.FromMilliseconds(20), TimeSpan.FromMinutes(1), static () => { });

        keepAlive.Start();
        for (int pings = 0; pings < 3; pings++)
        {
            await network.Answered.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience);
        }

        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    private static async Task ReadAsync(FrameStream transport, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[1024];
        while (await transport.ReadAsync(buffer, cancellationToken) > 0)
        {
        }
    }

    /// <summary>
    /// Answers each ping, one frame a write, and returns from the write of one only when its answer was read and more is asked for.
    /// </summary>
    private sealed class AnsweringStream : SequentialStream
    {
        private readonly Channel<(byte[] Frame, TaskCompletionSource Read)> _answers =
            Channel.CreateUnbounded<(byte[], TaskCompletionSource)>();
        private readonly Channel<byte[]> _answered = Channel.CreateUnbounded<byte[]>();
        private TaskCompletionSource? _given;

        /// <summary>The payload of each ping whose answer was read.</summary>
        public ChannelReader<byte[]> Answered => _answered.Reader;

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            // Whoever asks for more is done with what it got.
            _given?.SetResult();
            _given = null;
            if (buffer.IsEmpty)
            {
                await _answers.Reader.WaitToReadAsync(cancellationToken);
                return 0;
            }

            (byte[] answer, _given) = await _answers.Reader.ReadAsync(cancellationToken);
            answer.CopyTo(buffer);
            return answer.Length;
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Assert.True(FrameHeader.TryParse(buffer.Span, out FrameHeader header));
            if (header.Opcode == FrameOpcode.Ping)
            {
                byte[] payload = buffer[header.HeaderLength..].ToArray();
                for (int i = 0; i < payload.Length; i++)
                {
                    payload[i] ^= buffer.Span[header.HeaderLength - sizeof(uint) + (i & 3)];
                }

                TaskCompletionSource read = new(TaskCreationOptions.RunContinuationsAsynchronously);
                await _answers.Writer.WriteAsync(([0x8A, (byte)payload.Length, .. payload], read), cancellationToken);
                await read.Task;
                await _answered.Writer.WriteAsync(payload, cancellationToken);
            }
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
