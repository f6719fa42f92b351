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

        (string Origin, Admission Admission)[] seen = await Task.WhenAll(
            origins.Select(
                async origin => (origin, await EnterAsync(target, origin, cancellationToken).ConfigureAwait(false)))).ConfigureAwait(false);
        string[] letIn =
            [.. seen.Where(static one => one.Admission.IsLetIn).Select(static one => $"Origin {one.Origin} was {one.Admission.Text}")];
        return letIn.Length > 0
            ? Verdict.Failed(string.Join("; ", letIn))
            : Verdict.Passed(string.Join("; ", seen.Select(static one => $"Origin {one.Origin} was {one.Admission.Text}")));
    }

    protected static async Task<Admission> EnterAsync(AuditTarget target, string origin, CancellationToken cancellationToken)
    {
        AuditRequest request = target.Request();
        request.Set("Origin", origin);
        try
        {
            return await Admission.OfAsync(target, request, target.Settings, cancellationToken).ConfigureAwait(false);
        }
        catch (WireEndException e)
        {
            throw e.After($"Origin {origin}");
        }
    }
}
