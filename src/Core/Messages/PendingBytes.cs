using System.Buffers;

namespace MessageWebSockets.Messages;

/// <summary>
/// What was written to a stream and has not left yet: the payload of one frame at most. Handing it over and emptying it are one step, so
/// that whoever ends the stream finds each byte either here or handed over already.
/// </summary>
/// <remarks>Thread-safe. One writer; <see cref="End"/> may be called beside it.</remarks>
internal sealed class PendingBytes
{
    /// <summary>The most it holds.</summary>
    public const int Size = 64 * 1024;

    private readonly Lock _lock = new();
    private byte[] _bytes = [];
    private int _count;
    private bool _isEnded;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Adds what fits.</summary>
    /// <returns>How much of it was taken; nothing once it has ended.</returns>
    public int Append(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            int taken = _isEnded ? 0 : Math.Min(bytes.Length, Size - _count);
            if (taken > 0 && _bytes.Length == 0)
            {
                _bytes = ArrayPool<byte>.Shared.Rent(Size);
            }

            bytes[..taken].CopyTo(_bytes.AsSpan(_count));
            _count += taken;
            return taken;
        }
    }

    /// <summary>Hands over what is pending, in a lock.</summary>
    /// <param name="send">Sends it without a wait. An exception that it returns says that it was not sent, and it stays pending.</param>
    /// <returns>What <paramref name="send"/> returned; null as well when nothing was pending.</returns>
    public Exception? HandOver(Func<ReadOnlyMemory<byte>, Exception?> send)
    {
        lock (_lock)
        {
            Exception? failure = _count == 0 ? null : send(_bytes.AsMemory(0, _count));
            if (failure is null)
            {
                Empty();
            }

            return failure;
        }
    }

    /// <summary>Hands over what is pending for the last time; nothing is taken any more.</summary>
    public void End(Func<ReadOnlyMemory<byte>, Exception?> send)
    {
        lock (_lock)
        {
            _isEnded = true;
            if (_count > 0)
            {
                _ = send(_bytes.AsMemory(0, _count));
                Empty();
            }
        }
    }

    private void Empty()
    {
        _count = 0;
        byte[] sent = _bytes;
        _bytes = [];
        if (sent.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(sent);
        }
    }
}
