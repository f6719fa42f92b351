namespace MessageWebSockets.PowerShell.Loading;

/// <summary>The messages of one connection whose answers have not come, with the time each was due.</summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="areNumbered">Whether an answer tells its number; otherwise answers come in the order of the messages.</param>
internal sealed class Outstanding(bool areNumbered)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, long>? _byNumber = areNumbered ? [] : null;
    private readonly Queue<long>? _inOrder = areNumbered ? null : new();
    private int _withdrawn;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return (_byNumber?.Count ?? _inOrder!.Count) - _withdrawn;
            }
        }
    }

    /// <param name="number">The number of the message.</param>
    /// <param name="due">When it was due, in ticks of the stopwatch.</param>
    public void Add(long number, long due)
    {
        lock (_lock)
        {
            if (_byNumber is null)
            {
                _inOrder!.Enqueue(due);
            }
            else
            {
                _byNumber.Add(number, due);
            }
        }
    }

    /// <summary>Takes the newest message back: it was not sent after all, and none will be sent after it.</summary>
    public void WithdrawLast()
    {
        lock (_lock)
        {
            _withdrawn++;
        }
    }

    /// <summary>Takes the message that an answer belongs to; false for a message that answers none.</summary>
    /// <param name="answer">The payload of the answer.</param>
    /// <param name="due">When the message was due.</param>
    public bool TryTake(ReadOnlySpan<byte> answer, out long due)
    {
        lock (_lock)
        {
            due = 0;
            return _byNumber is null
                ? _inOrder!.TryDequeue(out due)
                : SizedMessages.NumberOf(answer) is { } number && _byNumber.Remove(number, out due);
        }
    }
}
