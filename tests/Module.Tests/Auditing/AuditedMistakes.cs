using MessageWebSockets.PowerShell.Auditing;
using MessageWebSockets.PowerShell.Auditing.Checks;
using MessageWebSockets.TestServer;

namespace MessageWebSockets.PowerShell.Tests.Auditing;

/// <summary>The audits of all servers with a mistake, with every check, side by side: most of their time is waiting.</summary>
public sealed class AuditedMistakes : IAsyncDisposable
{
    private const int SideBySide = 16;

    private readonly TestCertificates _certificates = new();
    private readonly SemaphoreSlim _places = new(SideBySide);
    private readonly Dictionary<string, Task<IReadOnlyList<(AuditCheck Check, Verdict Verdict)>>> _audits = [];

    public AuditedMistakes()
    {
        foreach (Mistake mistake in Mistakes.All.Where(static mistake => !mistake.IsSilent))
        {
            _audits[mistake.What] = Task.Run(() => AuditAsync(mistake, Audits.Patient));
        }

        // What they wait for in vain decides, so that nothing else should keep the machine busy.
        Task others = Task.WhenAll(_audits.Values);
        AuditPlan brief = Audits.Patient with { Timeout = TimeSpan.FromSeconds(5) };
        foreach (Mistake mistake in Mistakes.All.Where(static mistake => mistake.IsSilent))
        {
            _audits[mistake.What] = Task.Run(async () =>
            {
                await others.ContinueWith(static _ => { }, TaskScheduler.Default);
                return await AuditAsync(mistake, brief);
            });
        }
    }

    internal Task<IReadOnlyList<(AuditCheck Check, Verdict Verdict)>> ResultsOfAsync(string what) => _audits[what];

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_audits.Values).ContinueWith(static _ => { }, TaskScheduler.Default);
        await _certificates.DisposeAsync();
        _places.Dispose();
    }

    private async Task<IReadOnlyList<(AuditCheck Check, Verdict Verdict)>> AuditAsync(Mistake mistake, AuditPlan plan)
    {
        await _places.WaitAsync();
        try
        {
            await using RawServer server = RawServer.Start(
                MannersServer.Script(mistake), new RawServerOptions { Tls = mistake.Tls?.Invoke(_certificates) });

            // The address of all interfaces leads to this machine too, but does not say so.
            Uri uri = mistake.IsRemote ? new Uri($"ws://0.0.0.0:{server.EndPoint.Port}/") : server.Uri;
            return await Audits.RunAsync(uri, plan, AuditChecks.All, socket => Prepare(socket, mistake));
        }
        finally
        {
            _places.Release();
        }
    }

    private void Prepare(MessageWebSocket socket, Mistake mistake)
    {
        socket.Control.TrustedRoots = [_certificates.Root];
        if (mistake.Check == "certificate-valid")
        {
            socket.Control.IgnorableServerCertificateErrors.Add(ChainValidationResult.Expired);
            socket.Control.IgnorableServerCertificateErrors.Add(ChainValidationResult.InvalidName);
        }

        if (mistake.WantsCredentials)
        {
            socket.SetRequestHeader("Authorization", MannersServer.Authorization);
        }
    }
}
