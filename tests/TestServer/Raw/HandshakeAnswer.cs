namespace MessageWebSockets.TestServer;

/// <summary>How a raw server answers an upgrade. A null header value leaves the header out.</summary>
public sealed record HandshakeAnswer
{
    /// <summary>Stands for the value that RFC 6455 4.2.2 computes from the request's key.</summary>
    public const string CorrectAccept = "(correct)";

    public string? Upgrade { get; init; } = "websocket";

    public string? Connection { get; init; } = "Upgrade";

    public string? Accept { get; init; } = CorrectAccept;

    public string? SubProtocol { get; init; }

    public string? Extensions { get; init; }

    /// <summary>More header lines, in this order; a name may come twice.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];
}
