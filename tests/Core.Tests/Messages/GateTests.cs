using System.Runtime.CompilerServices;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Messages;

/// <summary>Who may enter where one at a time may.</summary>
public sealed class GateTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly Gate _gate = new();

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Those_who_wait_enter_one_at_a_time_in_their_order()
    {
        Assert.True(_gate.TryEnter(out Gate.Permit pass));
        Assert.False(_gate.TryEnter(out _));
        Task<Gate.Permit>[] waiting = [.. Enumerable.Range(0, 3).Select(_ => EnterAsync())];
        foreach (Task<Gate.Permit> next in waiting)
        {
            Assert.False(next.IsCompleted);
            pass.Dispose();
            pass = await next;
            Assert.False(_gate.TryEnter(out _));
        }

        pass.Dispose();
        await AssertFreeAsync();
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Who_gives_up_keeps_nobody_out()
    {
        using CancellationTokenSource enough = new();
        Assert.True(_gate.TryEnter(out Gate.Permit pass));
        Task<Gate.Permit> first = EnterAsync(enough.Token);
        Task<Gate.Permit> second = EnterAsync();
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.False(second.IsCompleted);
        pass.Dispose();
        (await second).Dispose();
        await AssertFreeAsync();
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Who_has_given_up_already_does_not_enter()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => EnterAsync(new CancellationToken(canceled: true)));
        await AssertFreeAsync();
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Giving_up_while_the_turn_comes_leaves_the_gate_free()
    {
        for (int i = 0; i < 500; i++)
        {
            using CancellationTokenSource enough = new();
            Assert.True(_gate.TryEnter(out Gate.Permit pass));
            Task<Gate.Permit> next = EnterAsync(enough.Token);
            using Barrier both = new(2);
            Task givingUp = Task.Run(() =>
            {
                both.SignalAndWait(TestContext.Current.CancellationToken);
                enough.Cancel();
            });
            both.SignalAndWait(TestContext.Current.CancellationToken);
            pass.Dispose();
            await givingUp;
            try
            {
                (await next.WaitAsync(s_patience, TestContext.Current.CancellationToken)).Dispose();
            }
            catch (OperationCanceledException)
            {
            }

            await AssertFreeAsync();
        }
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_turn_that_came_too_late_to_be_taken_is_passed_on()
    {
        // As it is when who was inside leaves just as the wait of the next has been cancelled: the next has gone, its turn is there.
        Assert.True(_gate.TryEnter(out _));
        Next(_gate).Release();
        CancellationToken token = TestContext.Current.CancellationToken;
        await Task.Run(() => GiveUp(_gate), token).WaitAsync(s_patience, token);
        await AssertFreeAsync();
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_next")]
    private static extern ref SemaphoreSlim Next(Gate gate);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "GiveUp")]
    private static extern void GiveUp(Gate gate);

    private Task<Gate.Permit> EnterAsync(CancellationToken cancellationToken = default) => _gate.EnterAsync(cancellationToken).AsTask();

    // Free, and no turn left over for one who would be the second.
    private async Task AssertFreeAsync()
    {
        Assert.True(_gate.TryEnter(out Gate.Permit pass));
        Task<Gate.Permit> next = EnterAsync();
        Assert.False(next.IsCompleted);
        pass.Dispose();
        (await next).Dispose();
    }
}
