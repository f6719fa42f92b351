namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Comes from a page without an origin, which any page can make: a sandboxed frame.</summary>
internal sealed class OriginNull() : OriginCheck(
    "origin-null",
    "Refuse the origin null with 403: any page can have it with a sandboxed frame.")
{
    protected override IEnumerable<string> Origins(AuditTarget target) => ["null"];
}
