namespace MessageWebSockets.Tests.Messages;

/// <summary>A stream that writes down the calls it gets.</summary>
public sealed class CallLog : MemoryStream
{
    public List<string> Calls { get; } = [];

    public Exception? WriteFailure { get; set; }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (WriteFailure is not null)
        {
            return ValueTask.FromException(WriteFailure);
        }

        Calls.Add($"write {buffer.Length}");
        return ValueTask.CompletedTask;
    }

    public override Task FlushAsync(CancellationToken cancellationToken)
    {
        Calls.Add("flush");
        return Task.CompletedTask;
    }
}
