namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Looks at the cookies that the answer to the ordinary handshake sets. Their values are not shown.</summary>
internal sealed class CookieFlags() : AuditCheck(
    "cookie-flags",
    WsAuditLevel.Passive,
    AuditSeverity.Medium,
    "ASVS 5.0 3.3.1, 3.3.2, 3.3.4",
    "Set cookies with Secure, HttpOnly and SameSite.")
{
    public override Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        (string Name, string[] Flags)[] cookies =
        [
            .. target.Baseline.Answer.ValuesOf("Set-Cookie").Select(static cookie =>
            {
                string[] parts = cookie.Split(';', StringSplitOptions.TrimEntries);
                return (AuditAnswer.Shown(parts[0].Split('=')[0]), parts.Skip(1).Select(static part => part.Split('=')[0]).ToArray());
            }),
        ];
        string[] missing = [.. cookies.Select(cookie => $"{cookie.Name} lacks {string.Join(", ", Missing(target, cookie.Flags))}")
            .Where(static text => !text.EndsWith("lacks ", StringComparison.Ordinal))];

        // Without Secure a cookie goes over plain text; of the others the purpose of the cookie is what decides.
        bool isSecureMissing = cookies.Any(cookie => Missing(target, cookie.Flags).Contains("Secure"));
        return Task.FromResult(
            cookies.Length == 0 ? Verdict.NotApplicable("the answer to the handshake sets no cookie")
            : isSecureMissing ? Verdict.Failed($"the cookie {string.Join("; ", missing)}")
            : missing.Length > 0 ? Verdict.Warning($"the cookie {string.Join("; ", missing)}")
            : Verdict.Passed($"{string.Join(", ", cookies.Select(static cookie => cookie.Name))}: all flags are set"));
    }

    // Over plain ws no cookie can be Secure.
    private static IEnumerable<string> Missing(AuditTarget target, string[] flags) =>
        ((string[])["Secure", "HttpOnly", "SameSite"])
            .Where(flag => flag != "Secure" || target.Uri.Scheme == Uri.UriSchemeWss)
            .Except(flags, StringComparer.OrdinalIgnoreCase);
}
