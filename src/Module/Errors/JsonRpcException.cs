namespace MessageWebSockets.PowerShell;

/// <summary>The error by which a JSON-RPC peer answered a request (JSON-RPC 2.0 section 5.1).</summary>
public sealed class JsonRpcException : InvalidOperationException
{
    internal JsonRpcException(string message, object? code, object? errorData)
        : base(message)
    {
        Code = code;
        ErrorData = errorData;
    }

    /// <summary>
    /// The code of the error, a number as a rule; null when it has none. As it was sent: in PowerShell that is under PSBase, and the
    /// property itself has visible escapes.
    /// </summary>
    public object? Code { get; }

    /// <summary>What the peer added to its error, as objects, as it was sent like the code; null when it added nothing.</summary>
    public object? ErrorData { get; }
}
