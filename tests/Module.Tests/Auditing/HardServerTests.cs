using MessageWebSockets.PowerShell.Auditing;
using MessageWebSockets.PowerShell.Auditing.Checks;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests.Auditing;

/// <summary>Servers whose answers mean something else than they seem to.</summary>
public sealed class HardServerTests
{
    // Short, because it is waited for in vain; where a busy machine takes longer the result is Inconclusive too.
    private static readonly AuditPlan s_brief = Audits.Patient with { Timeout = TimeSpan.FromSeconds(1) };

    [Theory(Timeout = 120_000)]
    [InlineData(403)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task What_is_refused_to_everyone_passes_no_check(int status)
    {
        await using RawServer server = RawServer.Start(MannersServer.RightOnce(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendResponseAsync(status);
        }));
        AuditCheck[] checks =
        [
            .. AuditChecks.All.Where(static check =>
                check is RefusedRequestCheck or OriginCheck or HandshakeSubprotocol or HandshakeExtension),
        ];
        IReadOnlyList<(AuditCheck Check, Verdict Verdict)> results =
            await Audits.RunAsync(server.Uri, Audits.Patient, checks);
        Assert.All(results, static result => Assert.True(result.Verdict.Result == AuditResult.Inconclusive, Audits.Line(result)));
        Assert.All(results, result => Assert.Contains($"{status}", result.Verdict.Evidence, StringComparison.Ordinal));
    }

    [Fact(Timeout = 120_000)]
    public async Task What_is_closed_for_everyone_shows_nothing_of_origins()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.SendCloseAsync(1008);
            await connection.DrainBytesAsync();
        });
        IReadOnlyList<(AuditCheck Check, Verdict Verdict)> results =
            await Audits.RunAsync(server.Uri, Audits.Patient, [new OriginForeign(), new OriginNull()]);
        Assert.All(results, static result => Assert.True(result.Verdict.Result == AuditResult.Inconclusive, Audits.Line(result)));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_server_that_never_stops_talking_is_judged()
    {
        Func<RawConnection, Task> wrong = MannersServer.Script(Mistakes.Named(Mistakes.Unmasked));
        await using RawServer server = RawServer.Start(async connection =>
        {
            Task serving = wrong(connection);
            while (!serving.IsCompleted)
            {
                if (connection.Request is not null && connection.BytesWritten > 0)
                {
                    await connection.SendTextAsync("news");
                }

                await Task.Yield();
            }

            await serving;
        });
        IReadOnlyList<(AuditCheck Check, Verdict Verdict)> results =
            await Audits.RunAsync(server.Uri, Audits.Patient, [new FrameUnmasked()]);
        Assert.Equal(AuditResult.Failed, results.Single().Verdict.Result);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_keeps_everyone_waiting_is_found_fault_with_by_no_check(bool goesOn)
    {
        int connections = 0;
        TaskCompletionSource others = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawServer server = RawServer.Start(async connection =>
        {
            int number = Interlocked.Increment(ref connections);
            await connection.AcceptHandshakeAsync();
            if (number == 2)
            {
                await PongAsync(connection);
                await others.Task.WaitAsync(connection.Stopping);
                await connection.SendCloseAsync(1002);
            }
            else if (number > 2 && goesOn)
            {
                others.TrySetResult();
                while (await PongAsync(connection))
                {
                }
            }
            else if (number > 2)
            {
                await PongAsync(connection);
            }

            await connection.DrainBytesAsync();
        });
        (AuditCheck Check, Verdict Verdict)? result = null;
        while (result is null)
        {
            try
            {
                result = (await Audits.RunAsync(server.Uri, s_brief, [new FrameUnmasked()])).Single();
            }
            catch (MessageWebSocketException)
            {
                // Too busy for the first handshake.
                Volatile.Write(ref connections, 0);
            }
        }

        Assert.False(Audits.IsConcern(result.Value), Audits.Line(result.Value));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_pong_of_what_should_have_ended_the_connection_is_enough()
    {
        // As libwebsockets does: of two pings one behind the other it answers the first.
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await PongAsync(connection);
            await PongAsync(connection);
            await connection.DrainBytesAsync();
        });
        (AuditCheck Check, Verdict Verdict) result =
            (await Audits.RunAsync(server.Uri, Audits.Patient, [new FrameUnmasked()])).Single();
        Assert.True(result.Verdict.Result == AuditResult.Failed, Audits.Line(result));
        Assert.Contains("answered", result.Verdict.Evidence, StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task One_connection_that_breaks_does_not_hide_what_the_others_show()
    {
        int connections = 0;
        await using RawServer server = RawServer.Start(async connection =>
        {
            int number = Interlocked.Increment(ref connections);
            await connection.AcceptHandshakeAsync();
            while (number != 2 && await PongAsync(connection))
            {
            }

            connection.ShutdownSend();
            await connection.DrainBytesAsync();
        });
        (AuditCheck Check, Verdict Verdict) result =
            (await Audits.RunAsync(server.Uri, Audits.Patient, [new FrameReservedBits()])).Single();
        Assert.True(result.Verdict.Result == AuditResult.Failed, Audits.Line(result));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_server_that_takes_no_more_connections_does_not_hide_what_it_showed_before()
    {
        int connections = 0;
        RawServer? server = null;
        await using RawServer started = server = RawServer.Start(async connection =>
        {
            int number = Interlocked.Increment(ref connections);
            await connection.AcceptHandshakeAsync();
            for (bool isOpen = true; isOpen; isOpen = await PongAsync(connection))
            {
                if (number == 2)
                {
                    server!.StopListening();
                }
            }
        });
        (AuditCheck Check, Verdict Verdict) result =
            (await Audits.RunAsync(server.Uri, Audits.Patient, [new FrameReservedBits()])).Single();
        Assert.True(result.Verdict.Result == AuditResult.Failed, Audits.Line(result));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_server_that_answers_no_ping_is_not_said_to_have_stopped_over_idle_connections()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.DrainBytesAsync();
        });

        // Waited for in vain once, and long enough for a busy machine to connect in.
        AuditPlan plan = Audits.Patient with { Timeout = TimeSpan.FromSeconds(8) };
        (AuditCheck Check, Verdict Verdict) result = (await Audits.RunAsync(server.Uri, plan, [new IdleConnections()])).Single();
        Assert.True(result.Verdict.Result == AuditResult.Inconclusive, Audits.Line(result));
        Assert.Contains("with one connection either", result.Verdict.Evidence, StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task Who_names_itself_only_when_it_refuses_is_taken_for_nobody_else()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            RawRequest request = await connection.ReadRequestAsync();
            if (request.Headers.GetValueOrDefault("Sec-WebSocket-Version") != "13")
            {
                await connection.SendResponseAsync(426, "", ("Sec-WebSocket-Version", "13"), ("Server", "one"));
                return;
            }

            await connection.AcceptHandshakeAsync();
            await connection.DrainBytesAsync();
        });
        (AuditCheck Check, Verdict Verdict) result =
            (await Audits.RunAsync(server.Uri, Audits.Patient, [new HandshakeVersion()])).Single();
        Assert.True(result.Verdict.Result == AuditResult.Passed, Audits.Line(result));
        Assert.DoesNotContain("(by", result.Verdict.Evidence, StringComparison.Ordinal);
    }

    // False when the connection is over.
    private static async Task<bool> PongAsync(RawConnection connection)
    {
        RawFrame? frame = await connection.ReadFrameAsync();
        if (frame?.Opcode == TestServer.FrameOpcode.Ping)
        {
            await connection.SendFrameAsync(TestServer.FrameOpcode.Pong, frame.Payload);
        }

        return frame is not null;
    }
}
