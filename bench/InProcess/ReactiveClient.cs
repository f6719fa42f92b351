using System.Net.WebSockets;
using Websocket.Client;

namespace MessageWebSockets.Bench;

/// <summary>The library that scripts and programs take most often: Websocket.Client, which hands each message to its subscribers.</summary>
internal sealed class ReactiveClient : IMessageClient
{
    public const string Name = "Websocket.Client 5.5";

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebsocketClient? _client;
    private long _received;
    private long _expected;
    private ResponseMessage? _last;
    private TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private WebsocketClient Client => _client ?? throw new InvalidOperationException("It is not connected.");

    public Task ConnectAsync(Uri uri)
    {
        _client = new WebsocketClient(uri, static () =>
        {
            ClientWebSocket socket = new();
            socket.Options.Proxy = null;
            return socket;
        })
        {
            IsReconnectionEnabled = false,
        };
        _client.MessageReceived.Subscribe(message =>
        {
            _last = message;
            if (Interlocked.Increment(ref _received) == Volatile.Read(ref _expected))
            {
                _arrived.TrySetResult();
            }
        });
        _client.DisconnectionHappened.Subscribe(_ => _ended.TrySetResult());
        return _client.StartOrFail();
    }

    public async Task ReceiveAsync(long count)
    {
        Volatile.Write(ref _expected, count);
        if (Volatile.Read(ref _received) < count && await Task.WhenAny(_arrived.Task, _ended.Task) != _arrived.Task)
        {
            throw new EndOfStreamException($"The connection ended after {_received} of {count} messages.");
        }
    }

    // Not through its queues, of which it has one for text and one for bytes: what is sent last would not arrive last.
    public async Task SendAsync(ReadOnlyMemory<byte> message, long count)
    {
        byte[] bytes = message.ToArray();
        for (long i = 0; i < count; i++)
        {
            await Client.SendInstant(bytes);
        }
    }

    public async Task<string> AskAsync(string question)
    {
        _arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _expected, Volatile.Read(ref _received) + 1);
        await Client.SendInstant(question);
        await await Task.WhenAny(_arrived.Task, _ended.Task);
        return _last?.Text ?? throw new EndOfStreamException("The connection ended before the answer.");
    }

    public Task EchoAsync(ReadOnlyMemory<byte> message, long count) => throw new NotSupportedException();

    public Task MeasureRoundTripsAsync(ReadOnlyMemory<byte> message, Memory<double> times, TimeSpan pause) =>
        throw new NotSupportedException();

    public void Abort() => _client?.Dispose();

    public ValueTask DisposeAsync()
    {
        _client?.Dispose();
        return ValueTask.CompletedTask;
    }
}
