namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>The checks of one server: those that bear each other side by side, then the intrusive ones, one after the other.</summary>
/// <param name="target">The server, reached or refused for its certificate.</param>
/// <param name="checks">What to check.</param>
/// <param name="advanced">Told how many checks are done.</param>
internal sealed class AuditRun(AuditTarget target, IReadOnlyList<AuditCheck> checks, Action<int>? advanced = null)
{
    private int _done;

    /// <param name="noConnection">Why there is no connection, for the checks that need one; null where there is.</param>
    /// <param name="cancellationToken">Ends it without results.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<IReadOnlyList<(AuditCheck Check, Verdict Verdict)>> RunAsync(
        string? noConnection, CancellationToken cancellationToken)
    {
        Dictionary<AuditCheck, Task<Verdict>> running = [];
        foreach (AuditCheck check in checks.Where(static check => check.Level != WsAuditLevel.Intrusive))
        {
            running[check] = RunAsync(check, noConnection, cancellationToken);
        }

        await Task.WhenAll(running.Values).ConfigureAwait(false);
        foreach (AuditCheck check in checks.Where(static check => check.Level == WsAuditLevel.Intrusive))
        {
            running[check] = RunAsync(check, noConnection, cancellationToken);
            await running[check].ConfigureAwait(false);
        }

        List<(AuditCheck Check, Verdict Verdict)> results = [];
        foreach (AuditCheck check in checks)
        {
            results.Add((check, await running[check].ConfigureAwait(false)));
        }

        return results;
    }

    private async Task<Verdict> RunAsync(AuditCheck check, string? noConnection, CancellationToken cancellationToken)
    {
        try
        {
            return noConnection is not null && check.NeedsConnection
                ? Verdict.Inconclusive(noConnection)
                : await check.RunAsync(target, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is WireEndException or MessageWebSocketException)
        {
            return Verdict.Unseen(e);
        }
        finally
        {
            advanced?.Invoke(Interlocked.Increment(ref _done));
        }
    }
}
