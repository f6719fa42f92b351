namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>
/// A check that sends what the server has to end the connection for (RFC 6455 section 7.1.7), on a connection whose ping was answered
/// before.
/// </summary>
/// <remarks>
/// That section demands the end of the connection and advises a close frame with the right code; it lets the frame be left out where the
/// peer is unlikely to read it. So an orderly end without one passes, another code is warned of, and going on is a failure. A reset is
/// inconclusive: it may have overtaken the close frame, and comes from proxies and programs that fall over too. Where the server ended it
/// in a way that need not be because of the fault, the same without the fault is sent on another connection: what ends that as well
/// proves nothing.
/// </remarks>
internal abstract class FrameCheck(string id, AuditSeverity severity, string reference, string remedy)
    : AuditCheck(id, WsAuditLevel.Standard, severity, reference, remedy)
{
    /// <summary>The close codes that fit.</summary>
    protected virtual IReadOnlyList<int> Codes => [1002];

    /// <summary>What to send, each on a connection of its own, and what it is called.</summary>
    protected abstract IEnumerable<(string Sent, byte[] Bytes)> Faults();

    /// <summary>The like of it without the fault; null where the ping before is that.</summary>
    protected virtual byte[]? Right() => null;

    public override async Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        Verdict[] verdicts = await Task.WhenAll(Faults().Select(fault => TryAsync(target, fault, cancellationToken))).ConfigureAwait(false);
        return Verdict.WorstOf(verdicts);
    }

    /// <summary>Sends bytes on a connection of its own whose ping was answered, and a ping behind them.</summary>
    protected static async Task<Reaction> ReactAsync(AuditTarget target, byte[] bytes, CancellationToken cancellationToken)
    {
        using AuditConnection connection = await target.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await PingBeforeAsync(connection, cancellationToken).ConfigureAwait(false);
        return await Reaction.ToAsync(connection, bytes, target.Plan.SecondThought, cancellationToken).ConfigureAwait(false);
    }

    protected virtual Verdict JudgeCode(string evidence, int code) =>
        Codes.Contains(code) ? Verdict.Passed(evidence) : Verdict.Warning($"{evidence}, where {string.Join(" or ", Codes)} fits");

    /// <summary>Reads that the connection is still open.</summary>
    protected virtual Task<Verdict> JudgeOpenAsync(AuditTarget target, string evidence, CancellationToken cancellationToken) =>
        Task.FromResult(Verdict.Failed(evidence));

    private static async Task PingBeforeAsync(AuditConnection connection, CancellationToken cancellationToken)
    {
        ReceivedFrame pong;
        try
        {
            pong = await connection.PingAsync("before"u8.ToArray(), cancellationToken).ConfigureAwait(false);
        }
        catch (WireEndException e)
        {
            throw e.After("a ping before");
        }

        if (pong.Header.Opcode != FrameOpcode.Pong)
        {
            throw new WireEndException(WireEnd.Ended, "closed at a ping before");
        }
    }

    // One that was not seen through does not hide what the others showed.
    private async Task<Verdict> TryAsync(AuditTarget target, (string Sent, byte[] Bytes) fault, CancellationToken cancellationToken)
    {
        try
        {
            Reaction reaction = await ReactAsync(target, fault, withPing: true, cancellationToken).ConfigureAwait(false);
            if (reaction.Kind == ReactionKind.Reset)
            {
                // The system of the server resets a connection that is closed with bytes unread: those of the ping behind the fault.
                reaction = await ReactAsync(target, fault, withPing: false, cancellationToken).ConfigureAwait(false);
            }

            return await JudgeAsync(target, $"{fault.Sent}: {reaction.Text}", reaction, cancellationToken).ConfigureAwait(false);
        }
        catch (WireEndException e)
        {
            return Verdict.Inconclusive(e.Message);
        }
    }

    private async Task<Reaction> ReactAsync(
        AuditTarget target, (string Sent, byte[] Bytes) fault, bool withPing, CancellationToken cancellationToken)
    {
        using AuditConnection connection = await target.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await PingBeforeAsync(connection, cancellationToken).ConfigureAwait(false);
        return await Reaction.ToAsync(
            connection,
            fault.Bytes,
            target.Plan.SecondThought,
            cancellationToken,
            withPing,
            () => AnswersRightAsync(target, fault.Sent, cancellationToken)).ConfigureAwait(false);
    }

    // A server that is slow, or stands still for a while, is silent to all that it gets.
    private async Task AnswersRightAsync(AuditTarget target, string sent, CancellationToken cancellationToken)
    {
        using AuditConnection connection = await target.ConnectBesideAsync(cancellationToken).ConfigureAwait(false);
        await PingBeforeAsync(connection, cancellationToken).ConfigureAwait(false);
        Reaction reaction = await Reaction.ToAsync(connection, LikeIt(), TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        if (reaction.Kind != ReactionKind.WentOn)
        {
            throw new WireEndException(WireEnd.Silent, $"{sent}: nothing came in time, and what has no fault: {reaction.Text}");
        }
    }

    private byte[] LikeIt() => Right() ?? ProbeFrame.Create(FrameOpcode.Ping, Reaction.PingPayload);

    private async Task<Verdict> JudgeAsync(AuditTarget target, string evidence, Reaction reaction, CancellationToken cancellationToken)
    {
        switch (reaction.Kind)
        {
            case ReactionKind.WentOn or ReactionKind.Silent:
                return await JudgeOpenAsync(target, evidence, cancellationToken).ConfigureAwait(false);
            case ReactionKind.Reset:
                return Verdict.Inconclusive($"{evidence}, which may have overtaken a close frame");
            case ReactionKind.Closed when Codes.Contains(reaction.Code):
                return Verdict.Passed(evidence);
            case ReactionKind.Closed when await EndsAtRightAsync(target, cancellationToken).ConfigureAwait(false):
                return Verdict.Inconclusive($"{evidence}, and so is what has no fault");
            case ReactionKind.Closed:
                return JudgeCode(evidence, reaction.Code);
        }

        // Behind a proxy the end of a program that fell over looks the same, but for the next handshake.
        return await EndsAtRightAsync(target, cancellationToken).ConfigureAwait(false)
            ? Verdict.Inconclusive($"{evidence}, and so is what has no fault")
            : Verdict.Passed($"{evidence}, as RFC 6455 7.1.7 allows");
    }

    private async Task<bool> EndsAtRightAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        Reaction reaction = await ReactAsync(target, LikeIt(), cancellationToken).ConfigureAwait(false);

        // Silence is no end: of two pings one behind the other a server may answer one alone (RFC 6455 section 5.5.3).
        return reaction.Kind is ReactionKind.Closed or ReactionKind.Ended or ReactionKind.Reset;
    }
}
