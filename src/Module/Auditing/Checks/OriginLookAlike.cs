namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Comes from origins that a careless comparison takes for an allowed one.</summary>
internal sealed class OriginLookAlike() : OriginCheck(
    "origin-lookalike",
    "Compare origins as a whole, scheme, host and port: not their beginning or end, and not with a pattern whose dots match anything.")
{
    protected override IEnumerable<string> Origins(AuditTarget target) => target.Plan.AllowedOrigins
        .Select(static text => AuditOrigin.TryParse(text, out AuditOrigin? origin) ? origin : null)
        .OfType<AuditOrigin>()
        .SelectMany(static origin => origin.LookAlikes());

    public override async Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        // A server that refuses the right one too, or whatever has an origin, says nothing about how it compares.
        foreach (string allowed in target.Plan.AllowedOrigins)
        {
            if (await EnterAsync(target, allowed, cancellationToken).ConfigureAwait(false) is { IsLetIn: false } refusal)
            {
                return Verdict.Inconclusive($"the allowed origin {AuditAnswer.Shown(allowed)} was {refusal.Text}");
            }
        }

        return await base.RunAsync(target, cancellationToken).ConfigureAwait(false);
    }
}
