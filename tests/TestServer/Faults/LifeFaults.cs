using System.Globalization;

namespace MessageWebSockets.TestServer;

/// <summary>What can happen to a connection as a whole.</summary>
internal static class LifeFaults
{
    private const int SmallWindow = 4096;
    private static readonly byte[] s_binary = new byte[1000];

    public static IEnumerable<Fault> List() =>
    [
        Make("reset-on-accept", "a TCP reset before anything was read", ResetOnAcceptAsync),
        Make("reset-after-request", "a TCP reset instead of an answer", ResetAfterRequestAsync),
        Make("reset-mid-header", "a TCP reset after half of the answer's head", ResetMidHeaderAsync),
        Make("reset-after-upgrade", "a TCP reset right behind the 101; no messages before", ResetAfterUpgradeAsync),
        After("reset-after-messages", "a TCP reset between two messages", Reset),
        After("reset-mid-frame", "a TCP reset inside a frame", ResetMidFrameAsync),
        After("reset-between-fragments", "a TCP reset inside a fragmented message", ResetBetweenFragmentsAsync),
        After("reset-while-client-sends", "a TCP reset once the client has sent a data frame or 64 KiB of one", ResetWhileClientSendsAsync),
        After("reset-on-close", "answers the client's close frame with a TCP reset", ResetOnCloseAsync),
        After("fin-without-close", "a TCP FIN without a close frame", FinAsync),
        After("fin-mid-frame", "a TCP FIN inside a frame", FinMidFrameAsync),
        After("fin-between-fragments", "a TCP FIN inside a fragmented message", FinBetweenFragmentsAsync),
        After("fin-on-close", "answers the client's close frame with a TCP FIN only", FinOnCloseAsync),
        After(
            "vanishes",
            "stays open and neither reads nor writes ever again: half-open, as far as a client can tell",
            connection => connection.HoldAsync()),
        After("stalls-mid-frame", "sends half a frame, then reads only", StallsMidFrameAsync),
        After("never-answers-pings", "reads everything and answers nothing", connection => connection.DrainFramesAsync()),
        After(
            "never-answers-close",
            "reads everything, the close frame too, and answers nothing",
            connection => connection.DrainFramesAsync()),
        After("never-ends-tcp", "answers the close frame and keeps TCP open", NeverEndsTcpAsync),
        After("both-close-at-once", "meets the client's close frame with its own, 1001 \"crossed\", not an echo", BothCloseAsync),
        After("closes-while-client-sends", "closes with 1011 once the first data frame has come", ClosesWhileClientSendsAsync),
        Make("stops-reading", "takes the upgrade and then reads nothing, with a receive buffer of 4 KiB", StopsReadingAsync),
        Make("reads-slowly", "reads 4 KiB every ?intervalMs=100 with a receive buffer of 4 KiB", ReadsSlowlyAsync),
        After("sends-faster-than-read", "floods without an end, answering pings; ?count=-1&size=1024&type=text", FloodAsync),
    ];

    private static Fault Make(string name, string description, Func<RawConnection, Task> script) =>
        new(name, FaultStage.Life, description, script);

    private static Fault After(string name, string description, Func<RawConnection, Task> script) => Make(
        name,
        description,
        async connection =>
        {
            await FaultScript.BeginAsync(connection);
            await script(connection);
        });

    private static Task ResetOnAcceptAsync(RawConnection connection)
    {
        connection.Reset();
        return Task.CompletedTask;
    }

    private static async Task ResetAfterRequestAsync(RawConnection connection)
    {
        await connection.ReadRequestAsync();
        connection.Reset();
    }

    private static async Task ResetMidHeaderAsync(RawConnection connection)
    {
        string head = RawConnection.HandshakeHead(await connection.ReadRequestAsync(), new HandshakeAnswer());
        await connection.SendBytesAsync(head[..(head.Length / 2)]);
        connection.Reset();
    }

    private static async Task ResetAfterUpgradeAsync(RawConnection connection)
    {
        await connection.AcceptHandshakeAsync();
        connection.Reset();
    }

    // A reset may overtake what was sent before it; the faults below wait until the client has it.
    private static async Task Reset(RawConnection connection)
    {
        await connection.AwaitClientCaughtUpAsync();
        connection.Reset();
    }

    private static async Task ResetMidFrameAsync(RawConnection connection)
    {
        await connection.AwaitClientCaughtUpAsync();
        await connection.SendFrameAsync(FrameOpcode.Binary, s_binary, declaredLength: 2000);
        connection.Reset();
    }

    private static async Task ResetBetweenFragmentsAsync(RawConnection connection)
    {
        await connection.SendTextAsync("begun", fin: false);
        await Reset(connection);
    }

    private static async Task ResetWhileClientSendsAsync(RawConnection connection)
    {
        await connection.AwaitClientCaughtUpAsync();
        byte[] buffer = new byte[64 * 1024];
        await connection.ReadBytesAsync(buffer);
        connection.Reset();
    }

    private static async Task ResetOnCloseAsync(RawConnection connection)
    {
        await connection.ReadUntilAsync(FrameOpcode.Close);
        connection.Reset();
    }

    private static async Task FinAsync(RawConnection connection)
    {
        connection.ShutdownSend();
        await connection.DrainFramesAsync();
    }

    private static async Task FinMidFrameAsync(RawConnection connection)
    {
        await connection.SendFrameAsync(FrameOpcode.Binary, s_binary, declaredLength: 2000);
        await FinAsync(connection);
    }

    private static async Task FinBetweenFragmentsAsync(RawConnection connection)
    {
        await connection.SendTextAsync("begun", fin: false);
        await FinAsync(connection);
    }

    private static async Task FinOnCloseAsync(RawConnection connection)
    {
        await connection.ReadUntilAsync(FrameOpcode.Close);
        await FinAsync(connection);
    }

    private static async Task StallsMidFrameAsync(RawConnection connection)
    {
        await connection.SendFrameAsync(FrameOpcode.Binary, s_binary, declaredLength: 2000);
        await connection.DrainFramesAsync();
    }

    private static async Task NeverEndsTcpAsync(RawConnection connection)
    {
        if (await connection.ReadUntilAsync(FrameOpcode.Close) is { } close)
        {
            await connection.SendFrameAsync(FrameOpcode.Close, close.Payload);
        }

        await connection.DrainFramesAsync();
    }

    // The client cannot tell this from two frames that crossed on the wire, and it needs no race to happen.
    private static async Task BothCloseAsync(RawConnection connection)
    {
        await connection.ReadUntilAsync(FrameOpcode.Close);
        await connection.SendCloseAsync(1001, "crossed");
    }

    private static async Task ClosesWhileClientSendsAsync(RawConnection connection)
    {
        RawFrame? frame;
        do
        {
            frame = await connection.ReadFrameAsync();
        }
        while (frame is not null && frame.Opcode >= FrameOpcode.Close);
        await connection.SendCloseAsync(1011, "overloaded");
        await connection.DrainFramesAsync();
    }

    private static async Task StopsReadingAsync(RawConnection connection)
    {
        connection.LimitReceiveBuffer(SmallWindow);
        await FaultScript.BeginAsync(connection);
        await connection.HoldAsync();
    }

    private static async Task ReadsSlowlyAsync(RawConnection connection)
    {
        connection.LimitReceiveBuffer(SmallWindow);
        await FaultScript.BeginAsync(connection);
        string interval = connection.Request?.Query("intervalMs") ?? "100";
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(int.Parse(interval, CultureInfo.InvariantCulture)));
        byte[] buffer = new byte[SmallWindow];
        while (await connection.ReadBytesAsync(buffer) > 0)
        {
            await timer.WaitForNextTickAsync(connection.Stopping);
        }
    }

    private static Task FloodAsync(RawConnection connection) => connection.FloodAsync(
        FloodPlan.Parse(name => connection.Request?.Query(name) ?? name switch { "count" => "-1", "size" => "1024", _ => null }));
}
