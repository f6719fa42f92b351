namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Opens connections that say nothing, up to a bound, and looks whether the oldest that is still open is served.</summary>
internal sealed class IdleConnections() : AuditCheck(
    "idle-connections",
    WsAuditLevel.Intrusive,
    AuditSeverity.High,
    "RFC 6455 10.4, CWE-770",
    "Limit the connections of one client and of all, refuse more with 503, and keep serving those that are open.")
{
    public override string Load(AuditPlan plan) => $"open up to {plan.MaxConnections} connections";

    public override async Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        if (!await AnswersPingsAsync(target, cancellationToken).ConfigureAwait(false))
        {
            return Verdict.Inconclusive("a ping is not answered with one connection either, so nothing would show that one is served");
        }

        List<AuditConnection> open = [];
        AuditConnection? unanswered = null;
        try
        {
            (string? refusal, bool isStated, unanswered) = await FillAsync(target, open, cancellationToken).ConfigureAwait(false);
            if (open.Count == 0)
            {
                return Verdict.Inconclusive(refusal ?? "no connection");
            }

            string evidence = refusal is null
                ? $"{open.Count} idle connections were taken (-MaxConnections)"
                : $"{open.Count} idle connections were taken, then {refusal}";
            return await IsOldestServedAsync(open, cancellationToken).ConfigureAwait(false) switch
            {
                null => Verdict.Inconclusive($"{evidence}; by then the server had ended them all, as it may end clients that say nothing"),
                false => Verdict.Failed($"{evidence}; a ping on the oldest that is open is not answered any more"),
                true when refusal is null || isStated => Verdict.Passed($"{evidence}; a ping on the oldest that is open was answered"),
                true => Verdict.Inconclusive(evidence),
            };
        }
        finally
        {
            open.ForEach(static connection => connection.Dispose());
            unanswered?.Dispose();
        }
    }

    private static async Task<bool> AnswersPingsAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        using AuditConnection connection = await target.ConnectAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ReceivedFrame answer = await connection.PingAsync("before"u8.ToArray(), cancellationToken).ConfigureAwait(false);
            return answer.Header.Opcode == FrameOpcode.Pong;
        }
        catch (WireEndException)
        {
            return false;
        }
    }

    /// <returns>
    /// What met the one that was not taken, and whether the server stated that; null where all were taken. One that was not answered
    /// stays, because without it the server would have one less to bear.
    /// </returns>
    private static async Task<(string? Refusal, bool IsStated, AuditConnection? Unanswered)> FillAsync(
        AuditTarget target, List<AuditConnection> open, CancellationToken cancellationToken)
    {
        while (open.Count < target.Plan.MaxConnections)
        {
            AuditConnection? connection = null;
            try
            {
                connection = await target.OpenExtraAsync(cancellationToken).ConfigureAwait(false);
                AuditAnswer answer = await connection.AskAsync(
                    target.Request(), "an ordinary handshake", cancellationToken).ConfigureAwait(false);
                if (!answer.IsUpgrade)
                {
                    connection.Dispose();
                    return ($"one was answered with {answer.Text}", true, null);
                }

                open.Add(connection);
            }
            catch (WireEndException e)
            {
                return (e.Message, false, connection);
            }
            catch (MessageWebSocketException e)
            {
                return (AuditAnswer.Shown(e.Message), false, null);
            }
        }

        return (null, false, null);
    }

    /// <returns>Whether it answers a ping; null where the server has ended every one, in order or not.</returns>
    private static async Task<bool?> IsOldestServedAsync(List<AuditConnection> open, CancellationToken cancellationToken)
    {
        foreach (AuditConnection connection in open)
        {
            try
            {
                ReceivedFrame answer = await connection.PingAsync("audit"u8.ToArray(), cancellationToken).ConfigureAwait(false);
                if (answer.Header.Opcode == FrameOpcode.Pong)
                {
                    return true;
                }
            }
            catch (WireEndException e) when (e.End == WireEnd.Silent)
            {
                return false;
            }
            catch (WireEndException e) when (e.End is WireEnd.Ended or WireEnd.Reset)
            {
                // The server ended it before it was asked.
            }
        }

        return null;
    }
}
