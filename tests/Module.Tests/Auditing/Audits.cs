using MessageWebSockets.PowerShell.Auditing;

namespace MessageWebSockets.PowerShell.Tests.Auditing;

/// <summary>Runs checks against a server, with bounds that suit a test.</summary>
internal static class Audits
{
    /// <summary>Long enough for a busy machine where an answer comes.</summary>
    public static readonly AuditPlan Patient = new()
    {
        Timeout = TimeSpan.FromSeconds(30),
        SecondThought = TimeSpan.FromMilliseconds(100),
        AllowedOrigins = ["https://app.example"],
        MaxProbeSize = 1024 * 1024,
        MaxConnections = 20,
        IdleTime = TimeSpan.FromSeconds(5),
    };

    public static async Task<IReadOnlyList<(AuditCheck Check, Verdict Verdict)>> RunAsync(
        Uri uri, AuditPlan plan, IEnumerable<AuditCheck> checks, Action<MessageWebSocket>? prepare = null)
    {
        using MessageWebSocket socket = new();
        prepare?.Invoke(socket);
        using AuditTarget target = new(uri, socket.ForHandshake(), plan);
        await target.ReachAsync(CancellationToken.None);
        return await new AuditRun(target, [.. checks]).RunAsync(null, CancellationToken.None);
    }

    /// <summary>What a check found, as one line; for messages of assertions.</summary>
    public static string Line((AuditCheck Check, Verdict Verdict) result) =>
        $"{result.Check.Id} {result.Verdict.Result}: {result.Verdict.Evidence}";

    public static bool IsConcern((AuditCheck Check, Verdict Verdict) result) =>
        result.Verdict.Result is AuditResult.Failed or AuditResult.Warning;
}
