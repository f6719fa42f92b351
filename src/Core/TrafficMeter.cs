using System.Diagnostics;

namespace MessageWebSockets;

/// <summary>Estimates bandwidth from byte counters: each look at them is a sample, smoothed over the samples before it.</summary>
internal sealed class TrafficMeter
{
    private static readonly TimeSpan ShortestSample = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private long _sampledAt = Stopwatch.GetTimestamp();
    private Flow _outbound;
    private Flow _inbound;

    public BandwidthStatistics Estimate(long bytesSent, long bytesReceived)
    {
        lock (_lock)
        {
            TimeSpan elapsed = Stopwatch.GetElapsedTime(_sampledAt);
            if (elapsed >= ShortestSample)
            {
                _sampledAt = Stopwatch.GetTimestamp();
                _outbound.Sample(bytesSent, elapsed);
                _inbound.Sample(bytesReceived, elapsed);
            }

            return new BandwidthStatistics(
                (ulong)_outbound.BitsPerSecond,
                (ulong)_inbound.BitsPerSecond,
                (ulong)_outbound.Instability,
                (ulong)_inbound.Instability,
                _outbound.Peaked,
                _inbound.Peaked);
        }
    }

    private struct Flow
    {
        private const double Weight = 0.25;
        private const double Growth = 1.05;
        private const int SamplesWithoutGrowth = 3;

        private long _bytes;
        private double _best;
        private int _withoutGrowth;

        public double BitsPerSecond { get; private set; }

        public double Instability { get; private set; }

        public readonly bool Peaked => _withoutGrowth >= SamplesWithoutGrowth;

        public void Sample(long bytes, TimeSpan elapsed)
        {
            long moved = bytes - _bytes;
            _bytes = bytes;
            if (moved <= 0)
            {
                // Silence says nothing about how much the path could carry.
                return;
            }

            double rate = moved * 8 / elapsed.TotalSeconds;
            if (BitsPerSecond == 0)
            {
                BitsPerSecond = rate;
            }
            else
            {
                Instability += Weight * (Math.Abs(rate - BitsPerSecond) - Instability);
                BitsPerSecond += Weight * (rate - BitsPerSecond);
            }

            _withoutGrowth = BitsPerSecond > _best * Growth ? 0 : _withoutGrowth + 1;
            _best = Math.Max(_best, BitsPerSecond);
        }
    }
}
