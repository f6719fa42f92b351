using System.Buffers.Binary;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;

namespace MessageWebSockets.Soak;

/// <summary>
/// One place in the soak that always tries to hold a connection: echo traffic, checked byte for byte, until the connection ends or is
/// closed; now and then a fault on purpose; then the next connection.
/// </summary>
internal sealed class SoakVisitor(int number, Func<ServerProcess?> server, SoakReport report)
{
    private const int HeaderLength = 8;
    private const int SmallMessage = 1000;
    private const int LargeMessage = 200_000;
    private const int HugeMessage = 4_000_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ReconnectPause = TimeSpan.FromMilliseconds(200);

    // All that end by themselves soon; those that wait for the client's patience are for the tests.
    private static readonly string[] s_faults =
    [
        "closes-after-request", "closes-mid-header", "status-503", "garbage-bytes", "accept-wrong", "reserved-bits", "masked-by-server",
        "bad-utf8", "close-code-1005", "length-with-top-bit", "endless-tiny-fragments", "reset-after-messages", "reset-mid-frame",
        "fin-without-close", "fin-mid-frame", "reset-after-request", "sends-faster-than-read", "ping-flood", "refused-port",
    ];

    // Holds each for as long as something else does: a task, a timer, the thread pool.
    private static readonly ConditionalWeakTable<MessageWebSocket, object?> s_sockets = [];

    private readonly Random _random = new(number);

    /// <summary>How many sockets something still holds, when the garbage was just collected.</summary>
    public static int CountLiveSockets() => s_sockets.Count();

    public async Task RunAsync(CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            try
            {
                await (_random.Next(10) == 0 ? MeetFaultAsync() : EchoAsync(over));
            }
            catch (Exception e)
            {
                report.AddProblem($"{number}: {e}");
            }
        }
    }

    private async Task EchoAsync(CancellationToken over)
    {
        using MessageWebSocket socket = Create();
        bool deflate = _random.Next(4) == 0;
        socket.Control.Compression = deflate ? new WebSocketDeflateOptions() : null;
        try
        {
            await socket.ConnectAsync(new Uri(server()!.Endpoint, deflate ? "echo/deflate" : "echo"), CancellationToken.None);
        }
        catch (MessageWebSocketException)
        {
            // The server is being restarted.
            await Task.Delay(ReconnectPause, CancellationToken.None);
            return;
        }

        Interlocked.Increment(ref report.Connected);
        long sent = 0;
        long received = 0;
        long bytesUnderWay = 0;
        void CountUnderWay(long bytes)
        {
            Interlocked.Add(ref bytesUnderWay, bytes);
            Interlocked.Add(ref report.BytesUnderWay, bytes);
        }

        int rounds = _random.Next(5, 200);
        try
        {
            for (int round = 0; round < rounds && !over.IsCancellationRequested; round++)
            {
                (int batch, int size) = _random.Next(200) switch
                {
                    0 => (_random.Next(1, 3), _random.Next(HugeMessage)),
                    < 20 => (_random.Next(1, 30), _random.Next(LargeMessage)),
                    _ => (_random.Next(1, 30), _random.Next(SmallMessage)),
                };

                // Side by side: a batch may be more than all buffers on its way hold, and who only sends is held back then.
                Task sending = SendBatchAsync();
                async Task SendBatchAsync()
                {
                    for (int i = 0; i < batch; i++, sent++)
                    {
                        CountUnderWay(size);
                        await SendAsync(socket, Message(sent, size));
                    }
                }

                try
                {
                    for (int i = 0; i < batch; i++, received++)
                    {
                        await ReceiveAsync(socket, received, size);
                        CountUnderWay(-size);
                    }
                }
                finally
                {
                    // Without a receiver it ends when the connection does, and that is over when a receive has failed.
                    await sending;
                }
            }

            await socket.CloseAsync(cancellationToken: CancellationToken.None).WaitAsync(Patience, CancellationToken.None);
            Interlocked.Increment(ref report.Closed);
        }
        catch (MessageWebSocketException)
        {
            Interlocked.Increment(ref report.Broken);
            Interlocked.Add(ref report.InFlightAtBreak, sent - received);
        }

        CountUnderWay(-bytesUnderWay);
        Interlocked.Add(ref report.Sent, sent);
        Interlocked.Add(ref report.Received, received);
    }

    private async Task SendAsync(MessageWebSocket socket, byte[] message)
    {
        if (message.Length > HeaderLength && _random.Next(10) == 0)
        {
            await socket.SendNonfinalFrameAsync(message.AsMemory(0, HeaderLength), SocketMessageType.Binary).AsTask().WaitAsync(Patience);
            await socket.SendFinalFrameAsync(message.AsMemory(HeaderLength), SocketMessageType.Binary).AsTask().WaitAsync(Patience);
        }
        else
        {
            await socket.SendAsync(message, SocketMessageType.Binary).AsTask().WaitAsync(Patience);
        }
    }

    private async Task ReceiveAsync(MessageWebSocket socket, long expected, int size)
    {
        WsMessage? message = await socket.ReceiveAsync().AsTask().WaitAsync(Patience);
        if (message is null)
        {
            Interlocked.Increment(ref report.Lost);
            throw new InvalidDataException($"The connection ended in order before message {expected} came back.");
        }

        if (!message.Bytes.AsSpan().SequenceEqual(Message(expected, size)))
        {
            Interlocked.Increment(ref report.Lost);
            throw new InvalidDataException($"In place of message {expected} came {message.Length} other bytes.");
        }

        Interlocked.Add(ref report.PayloadBytes, message.Length);
    }

    private async Task MeetFaultAsync()
    {
        string name = s_faults[_random.Next(s_faults.Length)];
        using MessageWebSocket socket = Create();
        socket.Control.MaxMessageSize = 1024 * 1024;
        Interlocked.Increment(ref report.FaultsMet);
        try
        {
            if (!server()!.Faults.TryGetValue(name, out Uri? uri))
            {
                throw new InvalidDataException($"The test server knows no fault {name}.");
            }

            await socket.ConnectAsync(uri, CancellationToken.None).WaitAsync(Patience);
            for (int i = 0; i < 100 && await socket.ReceiveAsync().AsTask().WaitAsync(Patience) is not null; i++)
            {
                if (name == "ping-flood" && i == 2)
                {
                    break;
                }
            }
        }
        catch (MessageWebSocketException)
        {
            // As it should.
        }
    }

    private static MessageWebSocket Create()
    {
        MessageWebSocket socket = new();
        s_sockets.Add(socket, null);
        socket.Control.UseProxy = false;
        socket.Control.InboxLimitInBytes = 1024 * 1024;
        socket.Control.ConnectTimeout = Patience / 2;
        socket.Control.CloseTimeout = Patience / 2;
        return socket;
    }

    private static byte[] Message(long number, int size)
    {
        byte[] message = new byte[HeaderLength + size];
        message.AsSpan(HeaderLength).Fill((byte)number);
        BinaryPrimitives.WriteInt64BigEndian(message, number);
        return message;
    }
}
