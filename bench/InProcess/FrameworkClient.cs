using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;

namespace MessageWebSockets.Bench;

/// <summary>The reference: a bare ClientWebSocket with one reused buffer, through the overloads that allocate least.</summary>
/// <param name="bufferSize">The size of the buffer.</param>
/// <param name="invoker">What connects; null for the framework's own.</param>
/// <param name="hasOwnArrays">Whether each message gets an array of its own, as in a loop whose messages are kept or handed on.</param>
/// <param name="compression">What is offered.</param>
internal sealed class FrameworkClient(
    int bufferSize = FrameworkClient.LargeBuffer,
    HttpMessageInvoker? invoker = null,
    bool hasOwnArrays = false,
    WebSocketDeflateOptions? compression = null) : IMessageClient
{
    public const string Name = "ClientWebSocket";
    public const string OwnArrayName = "ClientWebSocket, own array";

    /// <summary>Takes the longest message of the benchmarks in one piece.</summary>
    public const int LargeBuffer = 1024 * 1024;

    /// <summary>The size one finds in samples.</summary>
    public const int UsualBuffer = 4096;

    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);
    private readonly ClientWebSocket _socket = new();
    private readonly byte[] _buffer = new byte[bufferSize];
    private byte[] _last = [];

    /// <summary>Compression in which only the server may refer to the messages before.</summary>
    public static WebSocketDeflateOptions Deflate() => new() { ClientContextTakeover = false };

    public Task ConnectAsync(Uri uri)
    {
        if (invoker is null)
        {
            _socket.Options.Proxy = null;
        }

        _socket.Options.DangerousDeflateOptions = compression;

        return _socket.ConnectAsync(uri, invoker, CancellationToken.None);
    }

    public async Task ReceiveAsync(long count)
    {
        for (long i = 0; i < count; i++)
        {
            // In place and not in a method: the reference shall not pay for a state machine that its users do without.
            ValueWebSocketReceiveResult received;
            int filled = 0;
            do
            {
                received = await _socket.ReceiveAsync(_buffer.AsMemory(filled), CancellationToken.None);
                ThrowIfClosed(received);
                filled += hasOwnArrays ? received.Count : 0;
            }
            while (!received.EndOfMessage);
            if (hasOwnArrays)
            {
                _last = _buffer.AsSpan(0, filled).ToArray();
            }
        }

        GC.KeepAlive(_last);
    }

    public async Task EchoAsync(ReadOnlyMemory<byte> message, long count)
    {
        await _socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
        for (long i = 0; i < count; i++)
        {
            ValueWebSocketReceiveResult received;
            int filled = 0;
            do
            {
                received = await _socket.ReceiveAsync(_buffer.AsMemory(filled), CancellationToken.None);
                ThrowIfClosed(received);
                filled += received.Count;
            }
            while (!received.EndOfMessage);
            await _socket.SendAsync(_buffer.AsMemory(0, filled), WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
        }
    }

    public async Task SendAsync(ReadOnlyMemory<byte> message, long count)
    {
        for (long i = 0; i < count; i++)
        {
            await _socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
        }
    }

    public async Task<string> AskAsync(string question)
    {
        await _socket.SendAsync(Encoding.UTF8.GetBytes(question), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        ValueWebSocketReceiveResult answer = await _socket.ReceiveAsync(_buffer.AsMemory(), CancellationToken.None);
        ThrowIfClosed(answer);
        return Encoding.UTF8.GetString(_buffer, 0, answer.Count);
    }

    public async Task MeasureRoundTripsAsync(ReadOnlyMemory<byte> message, Memory<double> times, TimeSpan pause)
    {
        for (int i = 0; i < times.Length; i++)
        {
            if (pause > TimeSpan.Zero)
            {
                await Task.Delay(pause);
            }

            long started = Stopwatch.GetTimestamp();
            await _socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
            ValueWebSocketReceiveResult received;
            do
            {
                received = await _socket.ReceiveAsync(_buffer.AsMemory(), CancellationToken.None);
                ThrowIfClosed(received);
            }
            while (!received.EndOfMessage);
            times.Span[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }
    }

    public void Abort() => _socket.Abort();

    public async ValueTask DisposeAsync()
    {
        if (_socket.State == WebSocketState.Open)
        {
            using CancellationTokenSource timeout = new(CloseTimeout);
            await _socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, timeout.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _socket.Dispose();
    }

    private static void ThrowIfClosed(ValueWebSocketReceiveResult received)
    {
        if (received.MessageType == WebSocketMessageType.Close)
        {
            throw new EndOfStreamException("The server closed the connection.");
        }
    }
}
