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

    public static void Is(this MessageWebSocketException failure, WebErrorStatus status, uint hresult, params string[] parts)
    {
        Assert.Equal(
            (status, $"0x{hresult:X8}"),
            (failure.Status, $"0x{failure.HResult:X8}"));
        Assert.All(parts, part => Assert.Contains(part, failure.Message, StringComparison.Ordinal));
    }
}
