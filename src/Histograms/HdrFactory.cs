using HdrHistogram;
using HdrHistogram.Utilities;
using MessageWebSockets.PowerShell.Loading;

namespace MessageWebSockets.PowerShell.Histograms;

/// <summary>Makes histograms of HdrHistogram. The module creates it by name, once it has loaded this assembly.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class HdrFactory : IHistogramFactory
{
    // What a second of a busy run encodes to is a few hundred bytes; this is for all the values there can be.
    private const int LongestEncoding = 1024 * 1024;

    // The digits and the range that a decoded histogram must have had, so that its header cannot ask for any amount of memory.
    private const int MostDigits = 5;

    /// <inheritdoc/>
    public ILatencyHistogram Create() => new HdrLatencyHistogram(NewHistogram());

    /// <inheritdoc/>
    public ILatencyRecorder CreateRecorder() => new HdrLatencyRecorder();

    /// <inheritdoc/>
    public ILatencyHistogram Decode(string encoded)
    {
        if (encoded.Length > LongestEncoding)
        {
            throw new FormatException("The histogram is longer than any that Measure-WsLoad makes.");
        }

        HdrLatencyHistogram copy = new(NewHistogram());
        try
        {
            HistogramBase decoded = HistogramEncoding.DecodeFromCompressedByteBuffer(
                ByteBuffer.Allocate(Convert.FromBase64String(encoded)), 0);
            if (decoded.NumberOfSignificantValueDigits > MostDigits || decoded.HighestTrackableValue > HdrLatencyHistogram.Highest)
            {
                throw new FormatException("The histogram has another range than those of Measure-WsLoad.");
            }

            copy.Add(new HdrLatencyHistogram(decoded));
            return copy;
        }
        catch (Exception e) when (e is not FormatException and not OutOfMemoryException)
        {
            // Broken data meets whatever check of the decoder it breaks first.
            throw new FormatException("This is no histogram in the compressed format of HdrHistogram.", e);
        }
    }

    internal static HistogramBase NewHistogram() => new LongHistogram(1, HdrLatencyHistogram.Highest, HdrLatencyHistogram.Digits);
}
