using System.Globalization;

namespace MessageWebSockets.TestServer;

/// <summary>What a sink has received so far: whole messages, and payload bytes.</summary>
public readonly record struct SinkCount(long Messages, long Bytes)
{
    public string ToJson() => string.Create(CultureInfo.InvariantCulture, $$"""{"messages":{{Messages}},"bytes":{{Bytes}}}""");

    internal SinkCount Plus(long bytes, long messages) => new(Messages + messages, Bytes + bytes);
}
