using HdrHistogram;
using HdrHistogram.Utilities;
using MessageWebSockets.PowerShell.Loading;

namespace MessageWebSockets.PowerShell.Histograms;

/// <summary>A histogram of HdrHistogram: three significant digits from a microsecond to an hour.</summary>
/// <remarks>For one thread at a time.</remarks>
internal sealed class HdrLatencyHistogram(HistogramBase histogram) : ILatencyHistogram
{
    /// <summary>An hour, in microseconds.</summary>
    public const long Highest = 3_600_000_000;

    public const int Digits = 3;

    /// <inheritdoc/>
    public long Count => histogram.TotalCount;

    /// <inheritdoc/>
    public double Mean => Count == 0 ? 0 : histogram.GetMean();

    /// <inheritdoc/>
    public void Record(long microseconds) => histogram.RecordValue(Math.Clamp(microseconds, 1, Highest));

    /// <inheritdoc/>
    public long ValueAt(double percentile) => Count == 0 ? 0 : histogram.GetValueAtPercentile(percentile);

    /// <inheritdoc/>
    public void Add(ILatencyHistogram other) => histogram.Add(((HdrLatencyHistogram)other).Inner);

    /// <inheritdoc/>
    public string Encode()
    {
        ByteBuffer buffer = ByteBuffer.Allocate(histogram.GetNeededByteBufferCapacity());
        int length = HistogramEncoding.EncodeIntoCompressedByteBuffer(histogram, buffer);
        byte[] bytes = new byte[length];
        buffer.Position = 0;
        for (int index = 0; index < length; index++)
        {
            bytes[index] = buffer.Get();
        }

        return Convert.ToBase64String(bytes);
    }

    private HistogramBase Inner => histogram;
}
