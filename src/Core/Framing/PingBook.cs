using System.Buffers.Binary;
using System.Diagnostics;

namespace MessageWebSockets.Framing;

/// <summary>The pings that wait for their pongs. Thread-safe.</summary>
internal sealed class PingBook
{
    private readonly Lock _lock = new();
    private readonly List<PendingPing> _pings = [];
    private ulong _lastId;
    private volatile int _unwritten;
    private bool _isBroken;

    /// <summary>Told of the round-trip time of each pong that answers a ping.</summary>
    public Action<TimeSpan>? RoundTripMeasured { get; set; }

    /// <summary>Whether a ping is not with the network yet.</summary>
    public bool HasUnwritten => _unwritten > 0;

    /// <summary>A new ping, with a payload that no other has.</summary>
    public PendingPing Begin()
    {
        lock (_lock)
        {
            PendingPing ping = new(++_lastId);
            if (_isBroken)
            {
                ping.TrySetBroken();
                return ping;
            }

            _pings.Add(ping);
            _unwritten++;
            return ping;
        }
    }

    /// <summary>Waits for the answer to a ping no longer.</summary>
    public void Forget(PendingPing ping)
    {
        lock (_lock)
        {
            if (_pings.Remove(ping) && ping.Written == 0)
            {
                _unwritten--;
            }
        }
    }

    /// <summary>A write begins that hands over everything accepted up to <paramref name="end"/>.</summary>
    public void NoteSending(long end)
    {
        if (_unwritten == 0)
        {
            return;
        }

        lock (_lock)
        {
            long now = Stopwatch.GetTimestamp();
            foreach (PendingPing ping in _pings)
            {
                if (ping.Sent == 0 && ping.End <= end)
                {
                    ping.Sent = now;
                }
            }
        }
    }

    /// <summary>Everything accepted up to <paramref name="end"/> is with the network.</summary>
    public void NoteWritten(long end)
    {
        if (_unwritten == 0)
        {
            return;
        }

        lock (_lock)
        {
            foreach (PendingPing ping in _pings)
            {
                if (ping.Written == 0 && ping.End <= end)
                {
                    ping.Written = Environment.TickCount64;
                    _unwritten--;
                }
            }
        }
    }

    /// <summary>A pong came. It answers its ping and every one that went out before it (RFC 6455 section 5.5.3).</summary>
    public void Answer(ReadOnlySpan<byte> payload)
    {
        if (payload.Length != sizeof(ulong))
        {
            return;
        }

        ulong id = BinaryPrimitives.ReadUInt64BigEndian(payload);
        TimeSpan roundTrip = TimeSpan.Zero;
        lock (_lock)
        {
            if (_pings.Find(ping => ping.Id == id) is not { Sent: > 0 } answered)
            {
                return;
            }

            long now = Stopwatch.GetTimestamp();
            roundTrip = Stopwatch.GetElapsedTime(answered.Sent, now);
            _pings.RemoveAll(ping =>
            {
                if (ping.End > answered.End)
                {
                    return false;
                }

                if (ping.Written == 0)
                {
                    // Its answer was faster than the return of the write.
                    ping.Written = Environment.TickCount64;
                    _unwritten--;
                }

                ping.TrySetResult(Stopwatch.GetElapsedTime(ping.Sent, now));
                return true;
            });
        }

        RoundTripMeasured?.Invoke(roundTrip);
    }

    /// <summary>The connection ends, or the peer sends nothing more: no ping is answered.</summary>
    public void Break()
    {
        lock (_lock)
        {
            _isBroken = true;
            _pings.ForEach(static ping => ping.TrySetBroken());
            _pings.Clear();
            _unwritten = 0;
        }
    }
}
