using System.Net.WebSockets;
using System.Text;
using System.Text.Unicode;
using FsCheck;
using FsCheck.Fluent;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Framing;
using Xunit;

namespace MessageWebSockets.Tests.Reliability;

using FrameOpcode = MessageWebSockets.TestServer.FrameOpcode;

/// <summary>
/// Random input from the wire: what is legal arrives as it was sent, what is not ends in one of our errors, within time and memory.
/// </summary>
public sealed class FuzzTests
{
    private const int SmallestWrites = 200;
    private const uint MessageLimit = 512 * 1024;

    [Fact]
    public void Any_stream_of_messages_arrives_as_it_was_sent_however_it_is_cut() => FuzzRun.Check(StreamCase.Any, async one =>
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync(new HandshakeAnswer { Extensions = one.Deflate ? "permessage-deflate" : null });
            await SendInPiecesAsync(connection, one.Bytes(), one.WriteSize);
            await connection.DrainFramesAsync();
        });
        using MessageWebSocket socket = Create(one.Deflate);
        socket.Control.ReceiveMode = one.Partial ? MessageWebSocketReceiveMode.PartialMessage : MessageWebSocketReceiveMode.FullMessage;
        await socket.ConnectAsync(server.Uri).WaitAsync(FaultVisit.Patience);

        foreach (StreamMessage sent in one.Messages)
        {
            (byte[] payload, SocketMessageType type) = await ReadWholeAsync(socket);
            Assert.Equal(sent.IsText ? SocketMessageType.Utf8 : SocketMessageType.Binary, type);
            Assert.True(
                sent.Payload.AsSpan().SequenceEqual(payload),
                $"{payload.Length} bytes instead of {sent.Payload.Length}, or others.");
        }

        Assert.Null(await socket.ReceiveAsync().AsTask().WaitAsync(FaultVisit.Patience));
        Assert.Equal((ushort?)1000, socket.Information.CloseCode);
        Assert.Equal(one.Messages.Length, socket.Information.MessagesReceived);
        Assert.Equal(one.Messages.Sum(message => message.Payload.LongLength), socket.Information.PayloadBytesReceived);
    });

    [Fact]
    public void Any_bytes_after_the_upgrade_end_in_order_or_in_one_of_our_errors() => FuzzRun.Check(
        from bytes in ArbMap.Default.GeneratorFor<byte[]>()
        from more in ArbMap.Default.GeneratorFor<byte[]>()
        from deflate in ArbMap.Default.GeneratorFor<bool>()
        select (Bytes: (byte[])[.. bytes, .. more], Deflate: deflate),
        one => SurvivesAsync(one.Bytes, one.Deflate));

    [Fact]
    public void Any_damage_to_a_legal_stream_ends_in_order_or_in_one_of_our_errors() => FuzzRun.Check(
        from stream in StreamCase.Any
        from damages in Damage.Any.NonEmptyListOf()
        select (Stream: stream, Damages: damages),
        one => SurvivesAsync(one.Damages.Aggregate(one.Stream.Bytes(), (bytes, damage) => damage.To(bytes)), one.Stream.Deflate));

    [Fact]
    public void Any_answer_to_the_handshake_connects_or_ends_in_one_of_our_errors() => FuzzRun.Check(
        from damages in Damage.Any.ListOf()
        from deflate in ArbMap.Default.GeneratorFor<bool>()
        from protocol in ArbMap.Default.GeneratorFor<bool>()
        from writeSize in Gen.Choose(1, 300)
        select (Damages: damages, Deflate: deflate, Protocol: protocol, WriteSize: writeSize),
        async one =>
        {
            await using RawServer server = RawServer.Start(async connection =>
            {
                string head = RawConnection.HandshakeHead(await connection.ReadRequestAsync(), new HandshakeAnswer
                {
                    Extensions = one.Deflate ? "permessage-deflate; server_no_context_takeover; client_max_window_bits=12" : null,
                    SubProtocol = one.Protocol ? "chat" : null,
                    Headers = [("Set-Cookie", "a=b"), ("Server", "fuzz")],
                });
                byte[] answer = [.. Encoding.Latin1.GetBytes(head), .. FrameBytes.Text("hello"), .. FrameBytes.Close(1000)];
                await SendInPiecesAsync(connection, one.Damages.Aggregate(answer, (bytes, damage) => damage.To(bytes)), one.WriteSize);
            });
            using MessageWebSocket socket = Create(one.Deflate);
            socket.Control.SupportedProtocols.Add("chat");
            try
            {
                await socket.ConnectAsync(server.Uri).WaitAsync(FaultVisit.Patience);
            }
            catch (MessageWebSocketException e)
            {
                Assert.NotEqual(WebErrorStatus.Unknown, e.Status);
                Assert.DoesNotContain(e.Message, char.IsControl);
                return;
            }

            await ReadToEndAsync(socket);
        });

    [Fact]
    public void Any_messages_sent_arrive_as_they_were_sent() => FuzzRun.Check(
        from messages in StreamMessage.Any.ListOf()
        from deflate in ArbMap.Default.GeneratorFor<bool>()
        select (Messages: messages, Deflate: deflate),
        async one =>
        {
            TaskCompletionSource<List<byte[]>> received = new(TaskCreationOptions.RunContinuationsAsynchronously);
            await using RawServer server = RawServer.Start(async connection =>
            {
                await connection.AcceptHandshakeAsync();
                List<byte[]> messages = [];
                List<byte> current = [];
                while (await connection.ReadFrameAsync() is { } frame)
                {
                    Assert.True(frame.Masked);
                    Assert.Equal(0, frame.Rsv);
                    if (frame.Opcode == FrameOpcode.Close)
                    {
                        await connection.SendFrameAsync(FrameOpcode.Close, frame.Payload);
                        break;
                    }

                    current.AddRange(frame.Payload);
                    if (frame.Fin && frame.Opcode < FrameOpcode.Close)
                    {
                        messages.Add([.. current]);
                        current.Clear();
                    }
                }

                received.SetResult(messages);
            });
            using MessageWebSocket socket = Create(one.Deflate);
            await socket.ConnectAsync(server.Uri).WaitAsync(FaultVisit.Patience);
            foreach (StreamMessage message in one.Messages)
            {
                SocketMessageType type = message.IsText ? SocketMessageType.Utf8 : SocketMessageType.Binary;
                int start = 0;
                foreach (int cut in message.IsText ? [] : message.Cuts)
                {
                    await socket.SendNonfinalFrameAsync(message.Payload.AsMemory(start, cut - start), type);
                    start = cut;
                }

                await (start == 0 && message.Cuts.Length == 0
                    ? socket.SendAsync(message.Payload, type).AsTask()
                    : socket.SendFinalFrameAsync(message.Payload.AsMemory(start), type).AsTask());
            }

            await socket.CloseAsync().WaitAsync(FaultVisit.Patience);
            List<byte[]> arrived = await received.Task.WaitAsync(FaultVisit.Patience);
            Assert.Equal(one.Messages.Count, arrived.Count);
            Assert.All(one.Messages.Zip(arrived), static pair =>
                Assert.True(pair.First.Payload.AsSpan().SequenceEqual(pair.Second), $"{pair.Second.Length} bytes for {pair.First}"));
        });

    [Fact]
    public void Our_framing_and_the_frameworks_agree_on_any_stream() =>
        FuzzRun.Check(Gen.Choose(0, int.MaxValue / 64), FramingComparison.RunAsync);

    private static MessageWebSocket Create(bool deflate)
    {
        MessageWebSocket socket = new();
        socket.Control.UseProxy = false;
        socket.Control.MaxMessageSize = MessageLimit;
        socket.Control.ConnectTimeout = FaultVisit.Patience / 2;
        socket.Control.Compression = deflate ? new WebSocketDeflateOptions() : null;
        return socket;
    }

    private static async Task SurvivesAsync(byte[] bytes, bool deflate)
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync(new HandshakeAnswer { Extensions = deflate ? "permessage-deflate" : null });
            await connection.SendBytesAsync(bytes);
            connection.ShutdownSend();
            await connection.DrainBytesAsync();
        });
        using MessageWebSocket socket = Create(deflate);
        await socket.ConnectAsync(server.Uri).WaitAsync(FaultVisit.Patience);
        await ReadToEndAsync(socket);
        Assert.True(socket.State is MessageWebSocketState.Closed or MessageWebSocketState.Aborted, $"It is {socket.State}.");
        await socket.Released.WaitAsync(FaultVisit.Patience);
    }

    // Ends in null or in our exception; any other goes on to fail the property.
    private static async Task ReadToEndAsync(MessageWebSocket socket)
    {
        try
        {
            while (await socket.ReceiveAsync().AsTask().WaitAsync(FaultVisit.Patience) is { } message)
            {
                Assert.InRange(message.Length, 0, (int)MessageLimit);
                Assert.True(message.MessageType == SocketMessageType.Binary || Utf8.IsValid(message.Bytes));
            }
        }
        catch (MessageWebSocketException e)
        {
            Assert.NotEqual(WebErrorStatus.Unknown, e.Status);
        }
    }

    private static async Task<(byte[] Payload, SocketMessageType Type)> ReadWholeAsync(MessageWebSocket socket)
    {
        List<byte> payload = [];
        while (true)
        {
            WsMessage? message = await socket.ReceiveAsync().AsTask().WaitAsync(FaultVisit.Patience);
            Assert.NotNull(message);
            Assert.True(message.MessageType == SocketMessageType.Binary || Utf8.IsValid(message.Bytes), "A chunk splits a character.");
            if (message.IsMessageComplete && payload.Count == 0)
            {
                return (message.Bytes, message.MessageType);
            }

            payload.AddRange(message.Bytes);
            if (message.IsMessageComplete)
            {
                return ([.. payload], message.MessageType);
            }
        }
    }

    private static async Task SendInPiecesAsync(RawConnection connection, byte[] bytes, int size)
    {
        // Tiny writes are telling for short streams and merely slow for long ones.
        int piece = Math.Max(size, bytes.Length / SmallestWrites);
        for (int start = 0; start < bytes.Length; start += piece)
        {
            await connection.SendBytesAsync(bytes.AsMemory(start, Math.Min(piece, bytes.Length - start)));
        }
    }
}
