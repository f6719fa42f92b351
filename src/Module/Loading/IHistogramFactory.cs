namespace MessageWebSockets.PowerShell.Loading;

/// <summary>Makes histograms; the assembly behind it is loaded when the first load is measured or merged.</summary>
internal interface IHistogramFactory
{
    public ILatencyHistogram Create();

    public ILatencyRecorder CreateRecorder();

    /// <summary>The histogram that <see cref="ILatencyHistogram.Encode"/> made a text of, here or on another machine.</summary>
    /// <exception cref="FormatException">The text is none.</exception>
    public ILatencyHistogram Decode(string encoded);
}
