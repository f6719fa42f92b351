namespace MessageWebSockets;

/// <summary>When <see cref="DataReader.LoadAsync"/> completes, as in Windows.Storage.Streams.InputStreamOptions.</summary>
[Flags]
public enum InputStreamOptions
{
    /// <summary>With all the bytes that were asked for, or at the end of the stream.</summary>
    None = 0,

    /// <summary>As soon as any bytes are there.</summary>
    Partial = 1,

    /// <summary>
    /// Allows to read ahead of the request. Accepted for the sake of ported scripts and not made use of: what was never taken from the
    /// stream is still there after <see cref="DataReader.DetachStream"/>.
    /// </summary>
    ReadAhead = 2,
}
