using System.Net.WebSockets;
using System.Text;
using MessageWebSockets.TestServer;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Framing;

/// <summary>What a stream came to.</summary>
/// <param name="Messages">The whole messages, in order.</param>
/// <param name="How">How it ended.</param>
/// <param name="Code">The peer's close code, or the one that the stream was refused with.</param>
/// <param name="Reason">The peer's close reason.</param>
/// <param name="Pongs">The answers to its pings.</param>
internal sealed record Outcome(IReadOnlyList<string> Messages, Ending How, int Code, string Reason, IReadOnlyList<string> Pongs)
{
    public override string ToString() =>
        $"{How} {Code} '{Reason}', pongs {string.Join(",", Pongs.Select(Short))}, messages {string.Join(",", Messages.Select(Short))}";

    /// <summary>What the library makes of it, from the inbox to the answers on the wire.</summary>
    public static async Task<Outcome> OfOursAsync(RandomStream stream, int seed)
    {
        OneWayStream network = new(stream.Bytes, stream.LongestRead, seed);
        using MessageWebSocket owner = new();
        owner.Control.DesiredUnsolicitedPongInterval = TimeSpan.Zero;
        owner.Control.ReceiveMode = stream.IsPartial ? MessageWebSocketReceiveMode.PartialMessage : MessageWebSocketReceiveMode.FullMessage;
        OpenedConnection opened = new(network, new HttpClientHandler(), null, stream.IsCompressed ? new WebSocketDeflateOptions() : null);
        ReceivePause pause = new();
        Inbox<WsMessage> inbox = new(owner.Control.InboxLimitInBytes, pause);
        ClientSocket client = new(
            nameof(MessageWebSocket),
            new SocketState(),
            owner.Control,
            owner.Information,
            new MessageSocketEvents<MessageWebSocket>(owner));
        Connection connection = new(
            owner.Control.ForConnection(new Uri("ws://127.0.0.1/"), nameof(MessageWebSocket)),
            opened,
            new InboxReceiver(owner, inbox, pause, InboxFullMode.Wait),
            (framing, frames) => new MessageAssembler(framing, frames, owner.Control.MaxMessageSize, !stream.IsPartial),
            client);
        connection.Start();
        List<string> messages = [];
        Ending how = Ending.Closed;
        try
        {
            List<byte> chunks = [];
            while (await inbox.WaitToTakeAsync(TestContext.Current.CancellationToken))
            {
                while (inbox.TryTake(out WsMessage? message))
                {
                    chunks.AddRange(message.Bytes);
                    if (message.IsMessageComplete)
                    {
                        messages.Add(Describe(message.MessageType == SocketMessageType.Utf8, [.. chunks]));
                        chunks.Clear();
                    }
                }
            }
        }
        catch (MessageWebSocketException e)
        {
            how = e.HResult is HResults.InvalidServerResponse or HResults.MessageTooLarge ? Ending.Refused : Ending.Lost;
        }

        await connection.Released.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        int answered = AnswerIn(network);
        if (how == Ending.Closed)
        {
            Assert.Equal(owner.Information.CloseCode, (ushort)answered);
            return new Outcome(messages, how, answered, owner.Information.CloseReason!, PongsIn(network));
        }

        return new Outcome(messages, how, answered, "", PongsIn(network));
    }

    /// <summary>What the framework's framing makes of it alone.</summary>
    public static async Task<Outcome> OfFrameworkAsync(RandomStream stream, int seed)
    {
        OneWayStream network = new(stream.Bytes, stream.LongestRead, seed);
        using WebSocket framing = WebSocket.CreateFromStream(network, new WebSocketCreationOptions
        {
            KeepAliveInterval = TimeSpan.Zero,
            DangerousDeflateOptions = stream.IsCompressed ? new WebSocketDeflateOptions() : null,
        });
        List<string> messages = [];
        List<byte> chunks = [];
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult received = await framing.ReceiveAsync(buffer.AsMemory(), TestContext.Current.CancellationToken);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    // Whoever uses the framing answers.
                    return new Outcome(
                        messages, Ending.Closed, (int)framing.CloseStatus!, framing.CloseStatusDescription ?? "", PongsIn(network));
                }

                chunks.AddRange(buffer.AsSpan(0, received.Count));
                if (received.EndOfMessage)
                {
                    messages.Add(Describe(received.MessageType == WebSocketMessageType.Text, [.. chunks]));
                    chunks.Clear();
                }
            }
        }
        catch (WebSocketException e)
        {
            int refusal = AnswerIn(network);
            bool isLost = refusal == 0 && e.WebSocketErrorCode == System.Net.WebSockets.WebSocketError.ConnectionClosedPrematurely;
            return new Outcome(messages, isLost ? Ending.Lost : Ending.Refused, refusal, e.Message, PongsIn(network));
        }
    }

    private static string Describe(bool isText, byte[] payload) => (isText ? "text " : "binary ") + Convert.ToHexString(payload);

    private static string Short(string text) => text.Length > 50 ? $"{text[..50]}~{text.Length}" : text;

    private static IReadOnlyList<string> PongsIn(OneWayStream network) =>
        [.. network.Frames().Where(frame => frame.Opcode == WireOpcode.Pong).Select(frame => Convert.ToHexString(frame.Payload))];

    // The code of the close frame, behind which nothing may come; 1005 for an empty one, 0 for none.
    private static int AnswerIn(OneWayStream network)
    {
        (WireOpcode Opcode, byte[] Payload)[] frames = [.. network.Frames().SkipWhile(frame => frame.Opcode != WireOpcode.Close)];
        Assert.InRange(frames.Length, 0, 1);
        return frames is [(_, var payload)] ? payload.Length == 0 ? 1005 : (payload[0] << 8) | payload[1] : 0;
    }
}

internal enum Ending
{
    /// <summary>By the peer's close frame.</summary>
    Closed,

    /// <summary>By our refusal of what came.</summary>
    Refused,

    /// <summary>By the end of the stream.</summary>
    Lost,
}
