namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>A check that comes from pages of others: a browser sends their origin along, and its user's cookies too.</summary>
internal abstract class OriginCheck(string id, string remedy)
    : AuditCheck(id, WsAuditLevel.Standard, AuditSeverity.High, "ASVS 5.0 4.4.2, RFC 6455 10.2", remedy)
{
    /// <summary>The origins to come from; none where the check does not apply.</summary>
    protected abstract IEnumerable<string> Origins(AuditTarget target);

    public override async Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        string[] origins = [.. Origins(target)];
        if (origins.Length == 0)
        {
            return Verdict.NotApplicable("no -AllowedOrigin was given");
        }

        Verdict[] verdicts = await Task.WhenAll(origins.Select(origin => TryAsync(target, origin, cancellationToken)))
            .ConfigureAwait(false);
        return Verdict.WorstOf(verdicts);
    }

    protected static async Task<Admission> EnterAsync(AuditTarget target, string origin, CancellationToken cancellationToken)
    {
        AuditRequest request = target.Request();
        request.Set("Origin", origin);
        return await Admission.OfAsync(target, request, $"Origin {origin}", target.Settings, cancellationToken).ConfigureAwait(false);
    }

    // One that was not seen through does not hide what the others showed.
    private static async Task<Verdict> TryAsync(AuditTarget target, string origin, CancellationToken cancellationToken)
    {
        try
        {
            Admission admission = await EnterAsync(target, origin, cancellationToken).ConfigureAwait(false);
            string evidence = $"Origin {origin} was {admission.Text}";
            return admission.IsLetIn ? Verdict.Failed(evidence) : Verdict.Passed(evidence);
        }
        catch (Exception e) when (e is WireEndException or MessageWebSocketException)
        {
            return Verdict.Unseen(e);
        }
    }
}
