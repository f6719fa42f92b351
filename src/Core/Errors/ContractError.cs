namespace MessageWebSockets;

/// <summary>Makes the framework exceptions of the contract with the HRESULT that the reference class reports for the same mistake.</summary>
internal static class ContractError
{
    /// <summary>A call that does not fit the state of the object.</summary>
    internal static InvalidOperationException IllegalMethodCall(string message) =>
        new(message) { HResult = HResults.IllegalMethodCall };

    /// <summary>A call on an object that was closed or disposed.</summary>
    internal static ObjectDisposedException Closed(string objectName) =>
        new(objectName) { HResult = HResults.Closed };

    /// <summary>A read past the end of the data.</summary>
    internal static ArgumentOutOfRangeException OutOfBounds(string? paramName, string message) =>
        new(paramName, message) { HResult = HResults.Bounds };
}
