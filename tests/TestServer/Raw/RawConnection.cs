using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace MessageWebSockets.TestServer;

/// <summary>
/// One connection of a <see cref="RawServer"/> in the hands of its script. Nothing happens by itself: no answer to a ping or a
/// close unless the script sends it. Every wait ends when the server is disposed.
/// </summary>
public sealed class RawConnection : IDisposable
{
    private const string AcceptGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private const int MaximumHead = 128 * 1024;
    private const int MaximumKeptFrames = 10_000;

    private readonly Socket _socket;
    private readonly FrameChannel _channel;
    private readonly List<RawFrame> _frames = [];

    internal RawConnection(int number, Socket socket, Stream stream, int captureLimit, CancellationToken stopping)
    {
        Number = number;
        _socket = socket;
        _channel = new FrameChannel(stream, captureLimit);
        Stream = stream;
        Stopping = stopping;
    }

    /// <summary>Counts from 1 in the order of acceptance.</summary>
    public int Number { get; }

    /// <summary>Under the frames: the socket's stream, or the TLS stream over it.</summary>
    public Stream Stream { get; }

    public SslStream? Tls => Stream as SslStream;

    /// <summary>Cancelled when the server is disposed.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>Null until <see cref="ReadRequestAsync"/> has returned.</summary>
    public RawRequest? Request { get; private set; }

    public long BytesRead => _channel.BytesRead;

    public long BytesWritten => _channel.BytesWritten;

    /// <summary>Everything that came, handshake included, up to the capture limit.</summary>
    public byte[] ReceivedBytes => _channel.ReceivedBytes;

    public byte[] SentBytes => _channel.SentBytes;

    /// <summary>The frames read so far.</summary>
    public IReadOnlyList<RawFrame> Frames
    {
        get
        {
            lock (_frames)
            {
                return [.. _frames];
            }
        }
    }

    /// <summary>The client's close frame, if it was read.</summary>
    public RawFrame? CloseFrame => Frames.FirstOrDefault(frame => frame.Opcode == FrameOpcode.Close);

    /// <summary>What the script threw, or the TLS handshake; null while it runs, after success and after disposal of the server.</summary>
    public Exception? Failure { get; internal set; }

    /// <summary>Completes, never faulted, when the script is over and the socket closed.</summary>
    public Task Completion => Completed.Task;

    internal FrameChannel Channel => _channel;

    internal TaskCompletionSource Completed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Reads the head of the request; a second call returns the same one.</summary>
    public async Task<RawRequest> ReadRequestAsync()
    {
        if (Request is not null)
        {
            return Request;
        }

        int end;
        while ((end = _channel.Source.Available.Span.IndexOf("\r\n\r\n"u8)) < 0)
        {
            if (_channel.Source.Available.Length > MaximumHead)
            {
                throw new InvalidDataException($"The head of the request is longer than {MaximumHead} bytes.");
            }

            if (await _channel.Source.FillAsync(Stopping) == 0)
            {
                throw new EndOfStreamException("The client ended the connection before its request was complete.");
            }
        }

        string head = Encoding.Latin1.GetString(_channel.Source.Available.Span[..(end + 4)]);
        _channel.Source.Advance(end + 4);
        return Request = RawRequest.Parse(head);
    }

    /// <summary>Reads the head of a further request, as one that comes through a tunnel.</summary>
    public Task<RawRequest> ReadNextRequestAsync()
    {
        Request = null;
        return ReadRequestAsync();
    }

    /// <summary>Reads the request if that has not happened, and answers with 101.</summary>
    public async Task AcceptHandshakeAsync(HandshakeAnswer? answer = null)
    {
        RawRequest request = await ReadRequestAsync();
        await SendBytesAsync(HandshakeHead(request, answer ?? new HandshakeAnswer()));
    }

    /// <summary>The bytes of a 101 answer to <paramref name="request"/>, for a script that sends only a part of them.</summary>
    public static string HandshakeHead(RawRequest request, HandshakeAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(answer);
        StringBuilder head = new("HTTP/1.1 101 Switching Protocols\r\n");
        string? accept = answer.Accept == HandshakeAnswer.CorrectAccept ? AcceptFor(request.Key ?? "") : answer.Accept;
        IEnumerable<(string Name, string? Value)> lines =
        [
            ("Upgrade", answer.Upgrade),
            ("Connection", answer.Connection),
            ("Sec-WebSocket-Accept", accept),
            ("Sec-WebSocket-Protocol", answer.SubProtocol),
            ("Sec-WebSocket-Extensions", answer.Extensions),
            .. answer.Headers.Select(header => (header.Name, (string?)header.Value)),
        ];
        foreach ((string name, string? value) in lines)
        {
            if (value is not null)
            {
                head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
            }
        }

        return head.Append("\r\n").ToString();
    }

    /// <summary>Answers with an ordinary HTTP response that ends the connection.</summary>
    public async Task SendResponseAsync(int status, string body = "", params (string Name, string Value)[] headers)
    {
        StringBuilder head = new();
        head.Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {status} Status {status}\r\n");
        foreach ((string name, string value) in headers)
        {
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        int length = Encoding.UTF8.GetByteCount(body);
        head.Append(CultureInfo.InvariantCulture, $"Content-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        await SendBytesAsync(Encoding.UTF8.GetBytes(head.Append(body).ToString()));
    }

    public Task SendFrameAsync(
        FrameOpcode opcode,
        ReadOnlyMemory<byte> payload = default,
        bool fin = true,
        int rsv = 0,
        bool masked = false,
        ulong? declaredLength = null) =>
        SendBytesAsync(FrameBytes.Build(opcode, payload.Span, fin, rsv, masked, declaredLength));

    public Task SendTextAsync(string text, bool fin = true) => SendBytesAsync(FrameBytes.Text(text, fin));

    public Task SendCloseAsync(ushort? code = null, string reason = "") => SendBytesAsync(FrameBytes.Close(code, reason));

    public Task SendBytesAsync(ReadOnlyMemory<byte> bytes) => _channel.SendBytesAsync(bytes, Stopping);

    /// <summary>Sends bytes past TLS, as somebody on the way would.</summary>
    public async Task SendPastTlsAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await _socket.SendAsync(bytes, Stopping)..];
        }
    }

    /// <summary>Sends text of the HTTP part, one byte a character.</summary>
    public Task SendBytesAsync(string text) => SendBytesAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>The next frame, unmasked; null at the end of the connection.</summary>
    public async Task<RawFrame?> ReadFrameAsync()
    {
        RawFrame? frame = await _channel.ReadFrameAsync(Stopping);
        if (frame is not null)
        {
            lock (_frames)
            {
                if (_frames.Count < MaximumKeptFrames)
                {
                    _frames.Add(frame);
                }
            }
        }

        return frame;
    }

    /// <summary>Reads frames until one with this opcode comes; null if the connection ends before.</summary>
    public async Task<RawFrame?> ReadUntilAsync(FrameOpcode opcode)
    {
        RawFrame? frame;
        do
        {
            frame = await ReadFrameAsync();
        }
        while (frame is not null && frame.Opcode != opcode);
        return frame;
    }

    /// <summary>Returns when the client has read everything sent so far: a ping, and its pong read back.</summary>
    public async Task AwaitClientCaughtUpAsync()
    {
        await SendFrameAsync(FrameOpcode.Ping, "caught-up"u8.ToArray());
        RawFrame? pong;
        do
        {
            pong = await ReadUntilAsync(FrameOpcode.Pong);
        }
        while (pong is not null && pong.Text != "caught-up");
    }

    /// <summary>Reads bytes that are no frames; 0 at the end of the connection.</summary>
    public ValueTask<int> ReadBytesAsync(Memory<byte> target) => _channel.Source.ReadAsync(target, Stopping);

    /// <summary>Reads frames, answers none, and returns when the client has closed or reset the connection.</summary>
    public async Task DrainFramesAsync()
    {
        try
        {
            while (await ReadFrameAsync() is not null)
            {
            }
        }
        catch (IOException)
        {
            // A client that gives up may well reset or cut a frame.
        }
    }

    /// <summary>As the other, but returns with the client's close frame: who then ends the script ends TCP, as a server has to.</summary>
    public async Task DrainToCloseAsync()
    {
        try
        {
            while (await ReadFrameAsync() is not null and not { Opcode: FrameOpcode.Close })
            {
            }
        }
        catch (IOException)
        {
            // As above.
        }
    }

    /// <summary>Reads bytes, answers nothing, and returns when the client has closed or reset the connection.</summary>
    public async Task DrainBytesAsync()
    {
        byte[] buffer = new byte[16 * 1024];
        try
        {
            while (await ReadBytesAsync(buffer) > 0)
            {
            }
        }
        catch (IOException)
        {
            // As above.
        }
    }

    /// <summary>Neither reads nor writes until the server is disposed.</summary>
    public Task HoldAsync() => Task.Delay(Timeout.Infinite, Stopping);

    /// <summary>Answers pings and counts messages as /sink does; returns after the close handshake.</summary>
    public Task<SinkCount> SinkAsync() => _channel.SinkAsync(Stopping);

    /// <summary>Sends a flood, reading beside it; returns when the client has closed or gone.</summary>
    public Task FloodAsync(FloodPlan plan) => _channel.FloodAsync(plan, Stopping);

    /// <summary>A small window makes a sender feel the backpressure after few bytes.</summary>
    public void LimitReceiveBuffer(int bytes) => _socket.ReceiveBufferSize = bytes;

    /// <summary>Closes with a TCP RST: linger zero throws away what is unsent.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);

        // Without the zero the framework sends a FIN first when it finds the handle in use, as it is while a completion still returns.
        _socket.Close(0);
    }

    /// <summary>Sends a TCP FIN; reading goes on.</summary>
    public void ShutdownSend() => _socket.Shutdown(SocketShutdown.Send);

    internal static string AcceptFor(string key) =>
#pragma warning disable CA5350 // RFC 6455 4.2.2 prescribes SHA-1 here; it protects nothing.
        Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + AcceptGuid)));
#pragma warning restore CA5350

    /// <summary>Closes the socket; the server does this after the script.</summary>
    public void Dispose()
    {
        _channel.Dispose();
        Stream.Dispose();
        _socket.Dispose();
    }
}
