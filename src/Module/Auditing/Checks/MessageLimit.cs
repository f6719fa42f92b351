using System.Globalization;
using MessageWebSockets.Framing;

namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Sends texts of double the size each time, up to a bound, until one is refused.</summary>
internal sealed class MessageLimit() : AuditCheck(
    "message-limit",
    WsAuditLevel.Intrusive,
    AuditSeverity.High,
    "RFC 6455 7.4.1, 10.4",
    "Limit the size of messages, and refuse larger ones with 1009: each client may have the server set aside as much memory.")
{
    private const int Smallest = 64 * 1024;
    private const int TooBig = 1009;
    private static readonly TimeSpan s_secondThought = TimeSpan.FromMilliseconds(200);

    public override string Load(AuditPlan plan) => $"send texts of up to {AuditText.Size(plan.MaxProbeSize)}";

    public override async Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        using AuditConnection connection = await target.OpenExtraAsync(cancellationToken).ConfigureAwait(false);
        AuditAnswer answer = await connection.AskAsync(target.Request(), "an ordinary handshake", cancellationToken).ConfigureAwait(false);
        if (!answer.IsUpgrade)
        {
            return Verdict.Inconclusive($"an ordinary handshake was answered with {answer.Text}");
        }

        int taken = 0;
        for (long size = Smallest; ; size = Math.Min(size * 2, target.Plan.MaxProbeSize))
        {
            byte[] payload = new byte[size];
            payload.AsSpan().Fill((byte)'a');
            Reaction reaction = await Reaction.ToAsync(
                connection, ProbeFrame.Create(FrameOpcode.Text, payload), s_secondThought, cancellationToken).ConfigureAwait(false);
            if (reaction.Kind != ReactionKind.WentOn)
            {
                return Judge(reaction, (int)size, taken);
            }

            taken = (int)size;
            if (size == target.Plan.MaxProbeSize)
            {
                return Verdict.Warning($"a text of {AuditText.Size(taken)} was taken, and no larger one sent (-MaxProbeSize)");
            }
        }
    }

    private static Verdict Judge(Reaction reaction, int size, int taken)
    {
        string evidence = string.Create(
            CultureInfo.InvariantCulture,
            $"a text of {AuditText.Size(size)}: {reaction.Text}{(taken > 0 ? $"; one of {AuditText.Size(taken)} was taken" : "")}");
        return reaction switch
        {
            { Kind: ReactionKind.Closed, Code: TooBig } => Verdict.Passed(evidence),

            // The smallest of them was refused for what it is, not for its size.
            _ when taken == 0 => Verdict.Inconclusive(evidence),
            { Kind: ReactionKind.Closed } => Verdict.Warning($"{evidence}; 1009 fits"),
            { Kind: ReactionKind.Ended } => Verdict.Passed($"{evidence}, as RFC 6455 7.1.7 allows"),
            _ => Verdict.Inconclusive(evidence),
        };
    }
}
