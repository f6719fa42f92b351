using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Reliability;

using FrameOpcode = MessageWebSockets.TestServer.FrameOpcode;

/// <summary>Any number of threads on one socket, and a close at any moment: no deadlock, nothing mixed up, only our exceptions.</summary>
public sealed class ConcurrencyTests
{
    private const int Threads = 64;
    private const int MessagesPerThread = 200;
    private const int ConnectionsPerServer = 500;

    [Fact]
    public async Task Sixty_four_threads_send_and_receive_on_one_socket_and_no_message_is_mixed_up()
    {
        ConcurrentQueue<string> problems = new();
        await using RawServer server = RawServer.Start(connection => EchoCheckedAsync(connection, problems));
        using MessageWebSocket socket = new();
        await socket.ConnectAsync(server.Uri);
        ConcurrentDictionary<(int Thread, int Number), int> received = new();

        void SendAndReceive(int thread)
        {
            for (int number = 0; number < MessagesPerThread; number++)
            {
                if (thread % 4 == 0)
                {
                    // Fragments of one sender must not get whole messages of others between them.
                    byte[] message = Message(thread, number);
                    socket.SendNonfinalFrameAsync(message.AsMemory(0, 8), SocketMessageType.Binary).AsTask().GetAwaiter().GetResult();
                    socket.SendFinalFrameAsync(message.AsMemory(8), SocketMessageType.Binary).AsTask().GetAwaiter().GetResult();
                }
                else
                {
                    socket.SendAsync(Message(thread, number), SocketMessageType.Binary).AsTask().GetAwaiter().GetResult();
                }

                byte[] bytes = socket.ReceiveAsync().AsTask().WaitAsync(FaultVisit.Patience).GetAwaiter().GetResult()!.Bytes;
                (int, int) key = (BinaryPrimitives.ReadInt32BigEndian(bytes), BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(4)));
                received.AddOrUpdate(key, 1, (_, count) => count + 1);
                if (!bytes.AsSpan().SequenceEqual(Message(key.Item1, key.Item2)))
                {
                    problems.Enqueue($"{key} came back with other bytes.");
                }
            }
        }

        // Only one thread of those that send fragments at a time: frames of a message belong to the socket, not to a sender.
        Lock fragments = new();
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(thread => new Thread(() =>
        {
            try
            {
                if (thread % 4 == 0)
                {
                    lock (fragments)
                    {
                        SendAndReceive(thread);
                    }
                }
                else
                {
                    SendAndReceive(thread);
                }
            }
            catch (Exception e)
            {
                problems.Enqueue(e.ToString());
            }
        }))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            Assert.True(thread.Join(TimeSpan.FromMinutes(2)), "A thread hangs.");
        }

        Assert.Empty(problems);
        Assert.Equal(Threads * MessagesPerThread, received.Count);
        Assert.All(received.Values, count => Assert.Equal(1, count));
    }

    /// <summary>CLOSE_RACES sets how many; CLOSE_RACES_SEED repeats a run.</summary>
    [Fact]
    public async Task Close_at_any_moment_ends_every_operation_and_the_connection()
    {
        int races = Number("CLOSE_RACES", 4000);
        int seed = Number("CLOSE_RACES_SEED", Random.Shared.Next());
        TestContext.Current.TestOutputHelper?.WriteLine($"CLOSE_RACES_SEED={seed}");
        using UnobservedExceptions unobserved = new();
        ParallelOptions some = new() { MaxDegreeOfParallelism = 4 };

        // A server of its own for every few hundred: each has a port of its own, and the ports of closed connections rest for a minute.
        await Parallel.ForAsync(0, (races + ConnectionsPerServer - 1) / ConnectionsPerServer, some, async (block, _) =>
        {
            await using RawServer server = RawServer.Start(ServeRaceAsync, new RawServerOptions { CaptureLimit = 0, KeepConnections = 0 });
            for (int i = block * ConnectionsPerServer; i < Math.Min(races, (block + 1) * ConnectionsPerServer); i++)
            {
                CloseRace race = new(new Random(HashCode.Combine(seed, i)), server.Uri);
                try
                {
                    await race.RunAsync();
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException($"Race {i} of CLOSE_RACES_SEED={seed} ({race}): {e.Message}", e);
                }
            }

            await server.WhenIdleAsync(CancellationToken.None).WaitAsync(FaultVisit.Patience, CancellationToken.None);
        });
        Assert.Empty(unobserved.Collect());
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int number) ? number : otherwise;

    // Every third server closes first, every third resets: what crosses on the wire is part of the race.
    private static async Task ServeRaceAsync(RawConnection connection)
    {
        try
        {
            await connection.AcceptHandshakeAsync();
            await connection.SendTextAsync("hello");
            switch (connection.Number % 6)
            {
                case 1:
                    await connection.SendCloseAsync(1001, "going");
                    break;
                case 2:
                    connection.Reset();
                    return;
            }

            await connection.SinkAsync();
        }
        catch (IOException)
        {
            // The client won the race.
        }
    }

    private static async Task EchoCheckedAsync(RawConnection connection, ConcurrentQueue<string> problems)
    {
        await connection.AcceptHandshakeAsync();
        Dictionary<int, int> next = [];
        List<byte> message = [];
        while (await connection.ReadFrameAsync() is { } frame)
        {
            if (frame.Opcode == FrameOpcode.Close)
            {
                await connection.SendFrameAsync(FrameOpcode.Close, frame.Payload);
                return;
            }

            if (frame.Opcode is not (FrameOpcode.Binary or FrameOpcode.Continuation))
            {
                continue;
            }

            if (frame.Opcode == FrameOpcode.Continuation != message.Count > 0)
            {
                problems.Enqueue($"A frame of opcode {frame.Opcode} with {message.Count} bytes of a message before it.");
            }

            message.AddRange(frame.Payload);
            if (frame.Fin)
            {
                byte[] bytes = [.. message];
                message.Clear();
                int thread = BinaryPrimitives.ReadInt32BigEndian(bytes);
                int number = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(4));
                if (next.GetValueOrDefault(thread) != number)
                {
                    problems.Enqueue($"Thread {thread} sent {number} after {next.GetValueOrDefault(thread) - 1}.");
                }

                next[thread] = number + 1;
                await connection.SendFrameAsync(FrameOpcode.Binary, bytes);
            }
        }
    }

    private static byte[] Message(int thread, int number)
    {
        byte[] message = new byte[8 + (((thread * 7919) + (number * 104729)) % 3000)];
        message.AsSpan(8).Fill((byte)(thread ^ number));
        BinaryPrimitives.WriteInt32BigEndian(message, thread);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(4), number);
        return message;
    }
}
