using System.Net;

namespace MessageWebSockets.Server;

/// <summary>A request that gets an HTTP answer in place of a WebSocket.</summary>
/// <param name="status">The status of the answer.</param>
/// <param name="explanation">Its body, one line for a person; nothing that the client sent is repeated in it.</param>
/// <param name="headers">Further header lines that the status calls for.</param>
internal sealed class UpgradeRefusedException(HttpStatusCode status, string explanation, params string[] headers) : Exception(explanation)
{
    public HttpStatusCode Status { get; } = status;

    public IReadOnlyList<string> Headers { get; } = headers;

    /// <summary>The part of the request that was refused, for whoever runs the server; the client is not told. Null for none.</summary>
    public string? Part { get; init; }
}
