using System.IO.Compression;
using System.Net.WebSockets;
using MessageWebSockets.Framing;
using MessageWebSockets.Handshake;

namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Sends a text that is small on the wire and large once it is inflated.</summary>
internal sealed class DeflateBomb() : AuditCheck(
    "deflate-bomb",
    WsAuditLevel.Intrusive,
    AuditSeverity.High,
    "RFC 7692 8, CWE-409",
    "Count the size of a message while it is inflated, and stop at the limit with 1009.")
{
    private const int TooBig = 1009;
    private const int Block = 64 * 1024;

    // What a sender cuts off the end of each message (RFC 7692 section 7.2.1).
    private const int FlushMarkLength = 4;

    public override string Load(AuditPlan plan) => $"send a text that inflates to {AuditText.Size(plan.MaxProbeSize)}";

    public override async Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        using AuditConnection connection = await target.OpenExtraAsync(cancellationToken).ConfigureAwait(false);
        AuditRequest request = target.Request();
        request.Set(AuditRequest.ExtensionHeader, CompressionNegotiation.CreateOffer(new WebSocketDeflateOptions()));
        AuditAnswer answer = await connection.AskAsync(request, "an offer of permessage-deflate", cancellationToken).ConfigureAwait(false);
        if (!answer.IsUpgrade)
        {
            return Verdict.Inconclusive($"an offer of permessage-deflate was answered with {answer.Text}");
        }

        if (!answer.ListOf(AuditRequest.ExtensionHeader).Any())
        {
            return Verdict.NotApplicable("an offer of permessage-deflate was not agreed to");
        }

        int size = target.Plan.MaxProbeSize;
        byte[] bomb = Deflated(size);
        byte[] frame = ProbeFrame.Create(FrameOpcode.Text, bomb, reserved: FrameHeader.Rsv1Bit);
        Reaction reaction = await Reaction.ToAsync(connection, frame, target.Plan.SecondThought, cancellationToken).ConfigureAwait(false);
        string evidence = $"a text of {bomb.Length} bytes that inflates to {AuditText.Size(size)}: {reaction.Text}";
        return reaction switch
        {
            { Kind: ReactionKind.WentOn } => Verdict.Failed(evidence),
            { Kind: ReactionKind.Closed, Code: TooBig } => Verdict.Passed(evidence),
            { Kind: ReactionKind.Closed } => Verdict.Warning($"{evidence}; 1009 fits"),
            { Kind: ReactionKind.Ended } => Verdict.Passed($"{evidence}, as RFC 6455 7.1.7 allows"),
            _ => Verdict.Inconclusive(evidence),
        };
    }

    private static byte[] Deflated(int size)
    {
        byte[] block = new byte[Block];
        block.AsSpan().Fill((byte)'a');
        using MemoryStream compressed = new();
        using DeflateStream deflate = new(compressed, CompressionLevel.SmallestSize);
        for (int written = 0; written < size; written += Block)
        {
            deflate.Write(block, 0, Math.Min(Block, size - written));
        }

        deflate.Flush();
        return compressed.ToArray()[..^FlushMarkLength];
    }
}
