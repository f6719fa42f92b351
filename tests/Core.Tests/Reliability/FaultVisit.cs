using System.Diagnostics;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Reliability;

/// <summary>One client that meets one fault. Every wait has an end, so that a hang fails the test and not the run.</summary>
internal sealed class FaultVisit(Uri uri, MessageWebSocket socket)
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // Short enough to be waited for, long enough for a busy machine to answer what is answered.
    public static readonly TimeSpan ShortTimeout = TimeSpan.FromMilliseconds(600);

    public MessageWebSocket Socket => socket;

    /// <summary>Makes a client for the fault, and has it meet the fault as the table says.</summary>
    public static async Task<MessageWebSocket> RunAsync(FaultServer server, TestCertificates certificates)
    {
        FaultExpectation expectation = FaultTable.Expectations[server.Fault.Name];
        MessageWebSocket socket = new();
        socket.Control.UseProxy = false;
        socket.Control.TrustedRoots = certificates.Roots;
        socket.Control.CloseTimeout = ShortTimeout;
        expectation.Configure?.Invoke(socket.Control, certificates);
        Uri uri = new(server.Uri, expectation.Query);
        try
        {
            await expectation.Meet(new FaultVisit(uri, socket));
        }
        finally
        {
            socket.Close();
        }

        return socket;
    }

    public Task ConnectAsync() => socket.ConnectAsync(uri).WaitAsync(Patience);

    public async Task<WsMessage?> ReceiveAsync() => await socket.ReceiveAsync().AsTask().WaitAsync(Patience);

    public async Task ReadBeforeAsync()
    {
        Assert.Equal("before-1", (await ReceiveAsync())?.Text);
        Assert.Equal("before-2", (await ReceiveAsync())?.Text);
    }

    /// <summary>Connects, and reads what the server sent before it went wrong.</summary>
    public async Task BeginAsync()
    {
        await ConnectAsync();
        await ReadBeforeAsync();
    }

    public async Task FailsAsync(Func<Task> action, WebErrorStatus expected)
    {
        long started = Stopwatch.GetTimestamp();
        MessageWebSocketException failure = await Assert.ThrowsAsync<MessageWebSocketException>(action);
        Assert.True(Stopwatch.GetElapsedTime(started) < Patience / 2, $"It took {Stopwatch.GetElapsedTime(started)} to find out.");
        Assert.True(failure.Status == expected, $"{failure.Status} instead of {expected}: {failure}");
        Assert.Contains(uri.Host, failure.Message, StringComparison.Ordinal);
        Assert.Equal(uri, failure.PeerUri);
        Assert.True(failure.Message.Length > uri.OriginalString.Length + 20, failure.Message);
        Assert.DoesNotContain(failure.Message, char.IsControl);
    }

    /// <summary>The state after an abnormal end, the same error for everybody who asks later, and no send that pretends to work.</summary>
    public async Task IsAbortedAsync(WebErrorStatus expected)
    {
        Assert.Equal(MessageWebSocketState.Aborted, socket.State);
        await FailsAsync(ReceiveAsync, expected);
        await FailsAsync(() => socket.SendAsync("too late").AsTask(), expected);
    }
}
