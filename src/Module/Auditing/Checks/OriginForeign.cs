namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Comes from a page of a stranger.</summary>
internal sealed class OriginForeign() : OriginCheck(
    "origin-foreign",
    "Compare the Origin header with a list of origins, and refuse others with 403: "
    + "pages of strangers connect with the cookies of your users.")
{
    protected override IEnumerable<string> Origins(AuditTarget target) => ["https://evil.example"];
}
