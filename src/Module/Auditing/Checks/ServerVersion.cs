using System.Text.RegularExpressions;

namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Looks for version numbers in the answers to an ordinary handshake and to an ordinary request.</summary>
internal sealed partial class ServerVersion() : AuditCheck(
    "server-version",
    WsAuditLevel.Passive,
    AuditSeverity.Medium,
    "ASVS 5.0 13.4.6",
    "Take version numbers out of the headers Server and X-Powered-By: they tell an attacker what to try.")
{
    private static readonly string[] s_headers = ["Server", "X-Powered-By", "X-AspNet-Version", "X-AspNetMvc-Version"];

    public override async Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        string[] told = [.. Told(target.Baseline.Answer), .. Told(await GetAsync(target, cancellationToken).ConfigureAwait(false))];
        string[] versions = [.. told.Where(static header => Version().IsMatch(header)).Distinct()];
        return versions.Length > 0
            ? Verdict.Warning(string.Join("; ", versions))
            : Verdict.Passed(told.Length > 0 ? $"{string.Join("; ", told.Distinct())}: no version" : "no header names a program");
    }

    private static IEnumerable<string> Told(AuditAnswer? answer) =>
        answer is null ? [] : s_headers.SelectMany(name => answer.ValuesOf(name).Select(value => $"{name}: {AuditAnswer.Shown(value)}"));

    private static async Task<AuditAnswer?> GetAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        try
        {
            using AuditConnection connection = await target.OpenAsync(cancellationToken).ConfigureAwait(false);
            AuditRequest request = target.Request();
            foreach (string name in (string[])
            [
                "Upgrade",
                "Connection",
                AuditRequest.KeyHeader,
                AuditRequest.VersionHeader,
                AuditRequest.ProtocolHeader,
                AuditRequest.ExtensionHeader,
            ])
            {
                request.Remove(name);
            }

            request.Set("Connection", "close");
            return await connection.AskAsync(request, "a GET", cancellationToken).ConfigureAwait(false);
        }
        catch (WireEndException)
        {
            // The answer to the handshake is there all the same.
            return null;
        }
    }

    [GeneratedRegex(@"\d+\.\d+|/\d|-Version: \d", RegexOptions.NonBacktracking)]
    private static partial Regex Version();
}
