using System.Globalization;

namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Closes with codes that must not be on the wire. A server that sends one back puts it there itself.</summary>
internal sealed class FrameCloseCodes() : FrameCheck(
    "frame-close-codes",
    AuditSeverity.Low,
    "RFC 6455 7.4.1, 7.4.2",
    "Answer a close code that must not be sent with 1002, and never send it back.")
{
    private static readonly int[] s_unsendable = [0, 999, 1005, 1006, 1015, 5000];

    protected override IEnumerable<(string Sent, byte[] Bytes)> Faults() =>
        s_unsendable.Select(static code => (string.Create(CultureInfo.InvariantCulture, $"close code {code}"), ProbeFrame.Close(code)));

    protected override byte[] Right() => ProbeFrame.Create(FrameOpcode.Ping, Reaction.PingPayload);

    // RFC 6455 forbids to send such a code and leaves open how one is met.
    protected override Verdict JudgeCode(string evidence, int code) =>
        s_unsendable.Contains(code) ? Verdict.Failed($"{evidence}, a code that must not be sent") : base.JudgeCode(evidence, code);

    // One that answers no close frame at all shows nothing of how it meets a code.
    protected override async Task<Verdict> JudgeOpenAsync(AuditTarget target, string evidence, CancellationToken cancellationToken)
    {
        Reaction usual = await ReactAsync(target, ProbeFrame.Close(1000), cancellationToken).ConfigureAwait(false);
        return usual.Kind is ReactionKind.Silent or ReactionKind.WentOn
            ? Verdict.Inconclusive($"{evidence}, and so it is after close code 1000")
            : Verdict.Failed(evidence);
    }
}
