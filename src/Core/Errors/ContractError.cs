namespace MessageWebSockets.Errors;

/// <summary>The framework's exceptions, with the HRESULT that the reference class reports for the same mistake.</summary>
internal static class ContractError
{
    /// <summary>A call that does not fit the state of the object.</summary>
    internal static InvalidOperationException IllegalMethodCall(string message) =>
        new(message) { HResult = HResults.IllegalMethodCall };

    /// <summary>A call on an object that was closed or disposed.</summary>
    internal static ObjectDisposedException Closed(string objectName) =>
        new(objectName) { HResult = HResults.Closed };

    /// <summary>As the other, for who was waiting when that happened and is told what came of it.</summary>
    internal static ObjectDisposedException Closed(string objectName, string message) =>
        new(objectName, message) { HResult = HResults.Closed };

    /// <summary>A read past the end of the data.</summary>
    internal static ArgumentOutOfRangeException OutOfBounds(string? paramName, string message) =>
        new(paramName, message) { HResult = HResults.Bounds };

    /// <summary>An operation that its caller cancelled, as the connection-stage errors number it.</summary>
    internal static OperationCanceledException Canceled(CancellationToken cancellationToken, Exception? cause = null) =>
        new("The operation was cancelled.", cause, cancellationToken) { HResult = HResults.OperationCanceled };

    /// <summary>Refuses a number that is no member of an enumeration (E_INVALIDARG), which a cast lets through.</summary>
    internal static void ThrowIfUndefined<TEnum>(TEnum value, string paramName)
        where TEnum : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            throw new ArgumentOutOfRangeException(paramName, value, $"The value is no member of {typeof(TEnum).Name}.")
            {
                HResult = HResults.InvalidArgument,
            };
        }
    }
}
