using System.IO.Pipelines;
using MessageWebSockets.Tests.Framing;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Connections;

/// <summary>A network in memory: it brings what the test says, and takes what is written, at once or when the test lets it.</summary>
internal sealed class MemoryNetwork : SequentialStream
{
    private readonly Pipe _incoming = new();
    private readonly Stream _reads;
    private readonly MemoryStream _written = new();
    private TaskCompletionSource? _hold;

    public MemoryNetwork() => _reads = _incoming.Reader.AsStream();

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public bool IsDisposed { get; private set; }

    /// <summary>What each write meets from now on.</summary>
    public Exception? WriteFault { get; set; }

    /// <summary>The frames that were taken, unmasked.</summary>
    public IReadOnlyList<(WireOpcode Opcode, byte[] Payload, bool IsFinal)> Frames
    {
        get
        {
            lock (_written)
            {
                return [.. ReadFrames.OfClient(_written.ToArray())];
            }
        }
    }

    /// <summary>Brings bytes.</summary>
    public async Task BringAsync(byte[] bytes) => await _incoming.Writer.WriteAsync(bytes);

    /// <summary>Ends what is brought.</summary>
    /// <param name="fault">What broke it; null for an end in order.</param>
    public void End(Exception? fault = null) => _incoming.Writer.Complete(fault);

    /// <summary>Takes nothing until <see cref="LetGo"/>.</summary>
    public void Hold() => _hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void LetGo()
    {
        TaskCompletionSource? held = _hold;
        _hold = null;
        held?.SetResult();
    }

    /// <summary>Takes the write that waits, and no other one until <see cref="LetGo"/>.</summary>
    public void LetOneGo()
    {
        TaskCompletionSource? held = _hold;
        Hold();
        held?.SetResult();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _reads.ReadAsync(buffer, cancellationToken);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (WriteFault is { } fault)
        {
            throw fault;
        }

        if (_hold is { } hold)
        {
            await hold.Task.ConfigureAwait(false);
        }

        lock (_written)
        {
            _written.Write(buffer.Span);
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        _incoming.Writer.Complete(new ObjectDisposedException(nameof(MemoryNetwork)));
        _hold?.TrySetException(new ObjectDisposedException(nameof(MemoryNetwork)));
        base.Dispose(disposing);
    }
}
