using System.Diagnostics;

namespace MessageWebSockets.Handshake;

/// <summary>
/// One connect: the HTTP upgrade of RFC 6455 section 4, or the extended CONNECT of RFC 8441, tried at one address after the other
/// as far as redirects lead and are allowed.
/// </summary>
internal sealed class OpeningHandshake(HandshakeSettings settings)
{
    private readonly long _started = Stopwatch.GetTimestamp();

    /// <summary>What the connect found out so far, whether it succeeds or not.</summary>
    public HandshakeFindings Findings { get; } = new();

    /// <exception cref="MessageWebSocketException">The connect failed; the findings hold what is known.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; also for the connect timeout.</exception>
    public async Task<OpenedConnection> RunAsync(Uri uri, CancellationToken cancellationToken)
    {
        Uri current = uri;
        bool isEntrusted = true;
        for (int followed = 0; ; followed++)
        {
            Findings.AskedUri = current;
            HandshakeAttempt attempt = new(isEntrusted ? settings : settings.ForAnotherOrigin(), Findings, current, isEntrusted);
            HandshakeOutcome outcome;
            bool mayRedirect = followed < settings.MaximumRedirection;
            try
            {
                outcome = await attempt.RunAsync(mayRedirect, cancellationToken).ConfigureAwait(false);
            }
            catch (MessageWebSocketException e) when (attempt.MayHaveMissedCertificateRequest(e))
            {
                throw await attempt.ExplainAsync(e, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                Findings.Timings = attempt.Timings(Stopwatch.GetElapsedTime(_started));
            }

            if (outcome.Opened is not null)
            {
                return outcome.Opened;
            }

            // Once left, an origin is not trusted again: the way back led through a stranger.
            isEntrusted &= Redirection.IsSameOrigin(current, outcome.Redirect!);
            current = outcome.Redirect!;
        }
    }
}
