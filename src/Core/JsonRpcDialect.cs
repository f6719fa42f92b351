namespace MessageWebSockets;

/// <summary>How requests with an id, a method and parameters are written.</summary>
public enum JsonRpcDialect
{
    /// <summary>JSON-RPC 2.0: with <c>"jsonrpc":"2.0"</c>.</summary>
    JsonRpc2,

    /// <summary>The Chromium DevTools protocol: without it, which Chromium refuses.</summary>
    DevTools,
}
