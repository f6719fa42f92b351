using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace MessageWebSockets.Framing;

/// <summary>
/// The masking keys of outgoing frames (RFC 6455 section 5.3), from the system's random number generator. Not thread-safe.
/// </summary>
/// <remarks>
/// A call of the generator costs the same for 4 bytes as for 4 KiB, several microseconds on some machines, which for a small message
/// is more than all the rest of sending it. So keys are drawn a thousand at a time; each is used once.
/// </remarks>
internal sealed class MaskingKeys
{
    private const int Batch = 1024;

    private uint[] _keys = [];
    private int _next;

    /// <summary>A key that no other frame gets.</summary>
    public uint Next()
    {
        if (_next == _keys.Length)
        {
            Refill();
        }

        return _keys[_next++];
    }

    private void Refill()
    {
        // The first few frames of a connection that hardly sends do not need a full batch.
        int size = _keys.Length == 0 ? 16 : Batch;
        if (_keys.Length != size)
        {
            _keys = new uint[size];
        }

        RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(_keys.AsSpan()));
        _next = 0;
    }
}
