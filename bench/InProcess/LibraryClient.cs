using System.Diagnostics;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.Bench;

/// <summary>Ours: a MessageWebSocket with its default settings.</summary>
internal sealed class LibraryClient : IMessageClient
{
    public const string Name = "MessageWebSocket";

    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);
    private readonly MessageWebSocket _socket = new();

    public LibraryClient(X509Certificate2? trustedRoot = null)
    {
        _socket.Control.TrustedRoots = trustedRoot is null ? null : [trustedRoot];
        _socket.Control.UseProxy = false;
    }

    /// <summary>Whether each message is disposed of when it was received.</summary>
    public bool Disposes { get; init; }

    /// <summary>What is offered; null for no compression.</summary>
    public WebSocketDeflateOptions? Compression { init => _socket.Control.Compression = value; }

    public Task ConnectAsync(Uri uri) => _socket.ConnectAsync(uri);

    public async Task ReceiveAsync(long count)
    {
        for (long i = 0; i < count; i++)
        {
            if (await _socket.ReceiveAsync() is not { } message)
            {
                throw new EndOfStreamException($"The connection ended after {i} of {count} messages.");
            }

            if (Disposes)
            {
                message.Dispose();
            }
        }
    }

    public async Task EchoAsync(ReadOnlyMemory<byte> message, long count)
    {
        await _socket.SendAsync(message, SocketMessageType.Binary);
        for (long i = 0; i < count; i++)
        {
            using WsMessage echo = await _socket.ReceiveAsync()
                ?? throw new EndOfStreamException($"The connection ended after {i} of {count} messages.");
            await _socket.ForwardAsync(echo);
        }
    }

    public async Task SendAsync(ReadOnlyMemory<byte> message, long count)
    {
        for (long i = 0; i < count; i++)
        {
            await _socket.SendAsync(message, SocketMessageType.Binary);
        }
    }

    public async Task<string> AskAsync(string question)
    {
        await _socket.SendAsync(question);
        WsMessage answer = await _socket.ReceiveAsync() ?? throw new EndOfStreamException("The connection ended before the answer.");
        return answer.Text;
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
            await _socket.SendAsync(message, SocketMessageType.Binary);
            if (await _socket.ReceiveAsync() is null)
            {
                throw new EndOfStreamException($"The connection ended after {i} of {times.Length} round trips.");
            }

            times.Span[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }
    }

    public void Abort() => _socket.Dispose();

    public async ValueTask DisposeAsync()
    {
        if (_socket.State == MessageWebSocketState.Open)
        {
            using CancellationTokenSource timeout = new(CloseTimeout);
            Task closing = _socket.CloseAsync(cancellationToken: timeout.Token);
            await closing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await _socket.DisposeAsync();
    }
}
