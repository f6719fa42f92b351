using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Connections;

/// <summary>How the receive loop waits.</summary>
public sealed class PublishingAwaitableTests
{
    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Readers_are_woken_by_whoever_waits_which_goes_on_outside_of_its_context()
    {
        RecordingReceiver receiver = new();
        TaskCompletionSource<ReceivedData> receive = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int posts = await ForeignContext.CountPostsAsync(() =>
        {
            Task waiting = WaitAsync(new PublishingAwaitable(new ValueTask<ReceivedData>(receive.Task), receiver));
            Assert.False(waiting.IsCompleted);
            receive.SetResult(default);
            return waiting;
        });
        Assert.Equal(0, posts);
        Assert.Empty(await receiver.UntilAsync("publish"));
        await WaitAsync(new PublishingAwaitable(default, receiver));
        Assert.Empty(await receiver.UntilAsync("publish elsewhere"));

        static async Task WaitAsync(PublishingAwaitable receive) => await receive;
    }
}
