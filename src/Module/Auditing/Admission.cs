using MessageWebSockets.Framing;
using MessageWebSockets.Handshake;

namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>
/// Whether a server lets a client in: an upgrade alone does not say so, as some refuse with a close frame right behind it.
/// </summary>
/// <param name="IsLetIn">Whether a ping was answered on the connection.</param>
/// <param name="Text">What was seen, as the rest of a sentence.</param>
/// <param name="Answer">The answer to the handshake.</param>
internal sealed record Admission(bool IsLetIn, string Text, AuditAnswer Answer)
{
    /// <exception cref="WireEndException">It cannot be told.</exception>
    public static async Task<Admission> OfAsync(
        AuditTarget target, AuditRequest request, HandshakeSettings settings, CancellationToken cancellationToken)
    {
        using AuditConnection connection = await target.OpenAsync(target.Uri, settings, cancellationToken).ConfigureAwait(false);
        AuditAnswer answer = await connection.AskAsync(request, cancellationToken).ConfigureAwait(false);
        if (answer.IsOfGateway)
        {
            throw new WireEndException(
                WireEnd.Garbled, $"answered with {answer.Text}, which a gateway says of a server that it got no answer from");
        }

        if (!answer.IsUpgrade)
        {
            return new Admission(false, $"answered with {answer.Text}{answer.By(target.Baseline.Answer)}", answer);
        }

        try
        {
            await connection.SendAsync(ProbeFrame.Create(FrameOpcode.Ping, "audit"u8), cancellationToken).ConfigureAwait(false);
            while (true)
            {
                ReceivedFrame frame = await connection.ReadFrameAsync(cancellationToken).ConfigureAwait(false);
                switch (frame.Header.Opcode)
                {
                    case FrameOpcode.Close:
                        return new Admission(
                            false, $"answered with {answer.Text} and {AuditText.Closed(frame.CloseCode)} right behind it", answer);
                    case FrameOpcode.Pong:
                        return new Admission(true, $"answered with {answer.Text}", answer);
                }
            }
        }
        catch (WireEndException e)
        {
            throw e.After($"answered with {answer.Text}; a ping behind it");
        }
    }
}
