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
    /// <param name="target">The server.</param>
    /// <param name="request">What to ask.</param>
    /// <param name="sent">What that is called.</param>
    /// <param name="settings">How to connect.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="WireEndException">It cannot be told.</exception>
    public static async Task<Admission> OfAsync(
        AuditTarget target, AuditRequest request, string sent, HandshakeSettings settings, CancellationToken cancellationToken)
    {
        using AuditConnection connection = await target.OpenAsync(target.Uri, settings, cancellationToken).ConfigureAwait(false);
        AuditAnswer answer = await connection.AskAsync(request, sent, cancellationToken).ConfigureAwait(false);
        if (!answer.IsUpgrade)
        {
            await target.ThrowIfRefusedAnywayAsync(answer, sent, cancellationToken).ConfigureAwait(false);
            return new Admission(false, $"answered with {answer.Text}{answer.By(target.Baseline.Answer)}", answer);
        }

        if (await ClosedWithAsync(connection, sent, answer, cancellationToken).ConfigureAwait(false) is not { } code)
        {
            return new Admission(true, $"answered with {answer.Text}", answer);
        }

        string text = $"answered with {answer.Text} and {AuditText.Closed(code)} right behind it";
        using AuditConnection usual = await target.ConnectBesideAsync(cancellationToken).ConfigureAwait(false);
        int? usualCode = await ClosedWithAsync(usual, "an ordinary handshake", target.Baseline.Answer, cancellationToken)
            .ConfigureAwait(false);
        return usualCode is null
            ? new Admission(false, text, answer)
            : throw new WireEndException(WireEnd.Garbled, $"{sent} was {text}, and so is an ordinary handshake");
    }

    // Null where a ping was answered.
    private static async Task<int?> ClosedWithAsync(
        AuditConnection connection, string sent, AuditAnswer answer, CancellationToken cancellationToken)
    {
        try
        {
            ReceivedFrame answered = await connection.PingAsync("audit"u8.ToArray(), cancellationToken).ConfigureAwait(false);
            return answered.Header.Opcode == FrameOpcode.Close ? answered.CloseCode : null;
        }
        catch (WireEndException e)
        {
            throw e.After($"{sent} was answered with {answer.Text}; a ping behind it");
        }
    }
}
