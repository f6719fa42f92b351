using System.Diagnostics;
using MessageWebSockets.Framing;

namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Says nothing after the handshake, and answers no ping: a client that has vanished looks so.</summary>
internal sealed class IdleTimeout() : AuditCheck(
    "idle-timeout",
    WsAuditLevel.Intrusive,
    AuditSeverity.Medium,
    "RFC 6455 5.5.2, CWE-613",
    "End connections whose pings are not answered: those of clients that have vanished stay for ever otherwise.")
{
    // A server that ends connections for want of a pong would have done so after the first ping.
    private const int ManyPings = 3;

    public override string Load(AuditPlan plan) => $"leave a connection silent for {AuditText.Seconds(plan.IdleTime)}";

    public override async Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        using AuditConnection connection = await target.OpenExtraAsync(cancellationToken).ConfigureAwait(false);
        AuditAnswer answer = await connection.AskAsync(target.Request(), "an ordinary handshake", cancellationToken).ConfigureAwait(false);
        if (!answer.IsUpgrade)
        {
            return Verdict.Inconclusive($"an ordinary handshake was answered with {answer.Text}");
        }

        long started = Stopwatch.GetTimestamp();
        int pings = 0;
        string end;
        try
        {
            while (true)
            {
                TimeSpan left = target.Plan.IdleTime - Stopwatch.GetElapsedTime(started);
                if (left <= TimeSpan.Zero)
                {
                    throw new WireEndException(WireEnd.Silent, "still open");
                }

                ReceivedFrame frame = await connection.ReadFrameAsync(left, cancellationToken).ConfigureAwait(false);
                if (frame.Header.Opcode == FrameOpcode.Close)
                {
                    end = AuditText.Closed(frame.CloseCode);
                    break;
                }

                pings += frame.Header.Opcode == FrameOpcode.Ping ? 1 : 0;
            }
        }
        catch (WireEndException e) when (e.End == WireEnd.Silent)
        {
            string open = $"still open after {AuditText.Seconds(target.Plan.IdleTime)} (-IdleSeconds)";
            return pings >= ManyPings
                ? Verdict.Warning($"{open}, though {pings} pings of the server were not answered")
                : Verdict.Inconclusive(
                    pings > 0 ? $"{open}, {pings} pings of the server were not answered" : $"{open}, without a ping of the server");
        }
        catch (WireEndException e) when (e.End != WireEnd.Garbled)
        {
            end = e.Message;
        }

        string times = pings == 0 ? "no ping" : pings == 1 ? "one ping" : $"{pings} pings";
        return Verdict.Passed($"a silent connection: {end} after {AuditText.Seconds(Stopwatch.GetElapsedTime(started))}, {times} before");
    }
}
