using HdrHistogram;
using MessageWebSockets.PowerShell.Loading;

namespace MessageWebSockets.PowerShell.Histograms;

/// <summary>A recorder of HdrHistogram: any thread records while another takes what was recorded since the last time.</summary>
internal sealed class HdrLatencyRecorder : ILatencyRecorder
{
    private readonly Recorder _recorder = HistogramFactory
        .With64BitBucketSize()
        .WithValuesFrom(1)
        .WithValuesUpTo(HdrLatencyHistogram.Highest)
        .WithPrecisionOf(HdrLatencyHistogram.Digits)
        .WithThreadSafeWrites()
        .WithThreadSafeReads()
        .Create();

    /// <inheritdoc/>
    public void Record(long microseconds) => _recorder.RecordValue(Math.Clamp(microseconds, 1, HdrLatencyHistogram.Highest));

    /// <inheritdoc/>
    public void Record(long microseconds, long expectedInterval) =>
        _recorder.RecordValueWithExpectedInterval(Math.Clamp(microseconds, 1, HdrLatencyHistogram.Highest), expectedInterval);

    /// <inheritdoc/>
    public ILatencyHistogram TakeInterval() => new HdrLatencyHistogram(_recorder.GetIntervalHistogram());
}
