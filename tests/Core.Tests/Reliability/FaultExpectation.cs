using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Reliability;

/// <summary>What a client does to meet a fault, and what it must see then.</summary>
internal sealed record FaultExpectation(Func<FaultVisit, Task> Meet)
{
    private static readonly TimeSpan s_defaultCloseTimeout = TimeSpan.FromSeconds(5);

    public Action<MessageWebSocketControl, TestCertificates>? Configure { get; init; }

    /// <summary>Parameters for the fault's script.</summary>
    public string Query { get; init; } = "";

    /// <summary>Whether the script holds still until the server is stopped, so that the test has to look at its side of TCP.</summary>
    public bool ServerHoldsStill { get; init; }

    /// <summary>The connect fails.</summary>
    public static FaultExpectation Connect(WebErrorStatus expected) => new(async visit =>
    {
        await visit.FailsAsync(visit.ConnectAsync, expected);

        // A failed connect may be tried again: nothing of the first attempt is in the way.
        Assert.Equal(MessageWebSocketState.Created, visit.Socket.State);
        Assert.Null(visit.Socket.Information.OpenedAt);
    });

    /// <summary>Messages first, then the error.</summary>
    public static FaultExpectation Receive(WebErrorStatus expected) => new(async visit =>
    {
        await visit.BeginAsync();
        await visit.FailsAsync(visit.ReceiveAsync, expected);
        await visit.IsAbortedAsync(expected);
    });

    /// <summary>Messages first, then a peer that stays silent until keep-alive gives it up.</summary>
    public static FaultExpectation KeepAlive() => Receive(WebErrorStatus.Timeout) with
    {
        Configure = (control, _) =>
        {
            control.DesiredUnsolicitedPongInterval = TimeSpan.FromMilliseconds(200);
            control.KeepAliveTimeout = TimeSpan.FromMilliseconds(200);
        },
    };

    /// <summary>Messages first, then a close of ours that goes wrong.</summary>
    public static FaultExpectation Close(WebErrorStatus expected) => new(async visit =>
    {
        await visit.BeginAsync();
        await visit.FailsAsync(() => visit.Socket.CloseAsync(1000, "bye"), expected);
    })
    {
        // The short wait is for an answer that never comes. Where one comes the default has to do: on a busy machine the short one
        // ran out before a reset was there.
        Configure = (control, _) =>
            control.CloseTimeout = expected == WebErrorStatus.Timeout ? FaultVisit.ShortTimeout : s_defaultCloseTimeout,
    };

    public FaultExpectation With(Action<MessageWebSocketControl> configure) => this with { Configure = (control, _) => configure(control) };
}
