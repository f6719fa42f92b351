using Xunit;

namespace MessageWebSockets.Tests.Handshake;

/// <summary>Steps that the tests of failing connects share.</summary>
internal static class ConnectFailure
{
    // Only ends a test that hangs; no test waits for it.
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task<MessageWebSocketException> OfAsync(MessageWebSocket socket, Uri uri)
    {
        MessageWebSocketException failure = await Assert.ThrowsAsync<MessageWebSocketException>(
            () => socket.ConnectAsync(uri, TestContext.Current.CancellationToken).WaitAsync(Patience));
        Assert.Equal(uri.Host, failure.PeerUri?.Host);
        Assert.Equal(MessageWebSocketState.Created, socket.State);
        Assert.NotNull(socket.Information.ConnectTimings);
        return failure;
    }

    /// <summary>
    /// Connects that end with ConnectTimeout, with ever more time, until one came so far that it says what the test is about: how far
    /// one comes in the shortest time is not certain.
    /// </summary>
    public static async Task<MessageWebSocketException> OfTimeoutAsync(
        MessageWebSocket socket, Uri uri, string part, Func<bool>? cameSoFar = null)
    {
        for (TimeSpan timeout = TimeSpan.FromMilliseconds(250); ; timeout *= 2)
        {
            socket.Control.ConnectTimeout = timeout;
            MessageWebSocketException failure = await OfAsync(socket, uri);
            failure.Is(WebErrorStatus.Timeout, 0x80072EE2);
            if ((cameSoFar?.Invoke() != false && failure.Message.Contains(part, StringComparison.Ordinal))
                || timeout > TimeSpan.FromSeconds(8))
            {
                Assert.Contains(part, failure.Message, StringComparison.Ordinal);
                return failure;
            }
        }
    }

    public static void Is(this MessageWebSocketException failure, WebErrorStatus status, uint hresult, params string[] parts)
    {
        Assert.Equal(
            (status, $"0x{hresult:X8}"),
            (failure.Status, $"0x{failure.HResult:X8}"));
        Assert.All(parts, part => Assert.Contains(part, failure.Message, StringComparison.Ordinal));
    }
}
