namespace MessageWebSockets.PowerShell.Loading;

/// <summary>How often which latency was seen. All values are in microseconds and exact to three significant digits.</summary>
/// <remarks>For one thread at a time.</remarks>
internal interface ILatencyHistogram
{
    /// <summary>How many values there are.</summary>
    public long Count { get; }

    /// <summary>The mean; 0 without values.</summary>
    public double Mean { get; }

    /// <summary>Adds a value; one below a microsecond or above an hour counts as that.</summary>
    public void Record(long microseconds);

    /// <summary>The value that so many percent of all do not exceed: 0 the lowest, 100 the highest; 0 without values.</summary>
    public long ValueAt(double percentile);

    /// <summary>Adds the values of another histogram of the same factory.</summary>
    public void Add(ILatencyHistogram other);

    /// <summary>The histogram as text: base64 of the compressed format (V2) that the tools around HdrHistogram read.</summary>
    public string Encode();
}
