using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Probing;

/// <summary>The probes of one endpoint, one after the other, and their result.</summary>
internal sealed class ProbeSeries(string address, string? name, ProbePlan plan)
{
    // Microseconds are as fine as the clock deserves, and keep CSV and JSON readable.
    private const int Digits = 3;

    private readonly List<ProbeOutcome> _outcomes = [];
    private readonly DateTime _started = DateTime.Now;

    /// <summary>The result of an endpoint that cannot be probed at all.</summary>
    public static WsEndpointResult Unusable(string address, string? name, ProbePlan plan, string status, string error)
    {
        ProbeSeries series = new(address, name, plan);
        series._outcomes.Add(new ProbeOutcome { Status = status, Error = error });
        return series.Result(probes: 0);
    }

    /// <param name="socket">A socket with its settings; each further probe takes a clone of it.</param>
    /// <param name="uri">The address.</param>
    /// <param name="count">How many probes to make.</param>
    /// <param name="stop">Ends the series without a result.</param>
    public async Task<WsEndpointResult> RunAsync(MessageWebSocket socket, Uri uri, int count, CancellationToken stop)
    {
        MessageWebSocket next = socket;
        for (int made = 0; made < count; made++)
        {
            if (made > 0)
            {
                next = socket.Clone();
                SocketExtras.Of(socket).CopyTo(next);
            }

            _outcomes.Add(await new EndpointProbe(next, uri, plan).RunAsync(stop).ConfigureAwait(false));
        }

        return Result(count);
    }

    private WsEndpointResult Result(int probes)
    {
        // A failure tells more than the successes around it.
        ProbeOutcome telling = _outcomes.Find(static outcome => !outcome.IsSuccess) ?? _outcomes[^1];
        ProbeOutcome? certified = telling.CertificateExpires is not null
            ? telling
            : _outcomes.Find(static outcome => outcome.CertificateExpires is not null);
        ProbeOutcome agreed = _outcomes.Find(static outcome => outcome.IsSuccess) ?? telling;
        WsEndpointResult result = plan.IsDetailed ? Detail(telling, certified) : new WsEndpointResult();
        result.Uri = Redaction.WithoutUserInfo(address);
        result.Name = string.IsNullOrEmpty(name) ? null : name;
        result.Success = telling.IsSuccess;
        result.Status = telling.Status;
        result.Error = telling.Error;
        result.ReadableBody = telling.ReadableBody;
        result.HttpStatusCode = telling.HttpStatusCode;
        result.CloseCode = telling.CloseCode;
        result.NameResolutionMs = Median(static outcome => outcome.Timings?.NameResolution);
        result.TcpMs = Median(static outcome => outcome.Timings?.Tcp);
        result.TlsMs = Median(static outcome => outcome.Timings?.Tls);
        result.UpgradeMs = Median(static outcome => outcome.Timings?.Upgrade);
        result.TotalMs = Median(static outcome => outcome.Timings?.Total);
        result.RoundTripMs = Median(static outcome => outcome.RoundTrip);
        result.ReplyMs = Median(static outcome => outcome.ReplyTime);
        result.Protocol = agreed.Protocol;
        result.Compression = agreed.Compression;
        result.RemoteAddress = telling.RemoteAddress ?? agreed.RemoteAddress;
        result.TlsVersion = telling.TlsVersion ?? agreed.TlsVersion;
        result.CertificateSubject = certified?.CertificateSubject;
        result.CertificateExpires = certified?.CertificateExpires;
        result.CertificateDaysLeft = certified?.CertificateExpires is { } expires
            ? (int)Math.Floor((expires - DateTime.Now).TotalDays)
            : null;
        result.Probes = probes;
        result.ProbesFailed = probes == 0 ? 0 : _outcomes.Count(static outcome => !outcome.IsSuccess);
        result.TestedAt = _started;
        return result;
    }

    private WsEndpointDetail Detail(ProbeOutcome telling, ProbeOutcome? certified) => new()
    {
        ProbeStatus = [.. _outcomes.Select(static outcome => outcome.Status)],
        RoundTripsMs = Each(static outcome => outcome.RoundTrip),
        TotalsMs = Each(static outcome => outcome.Timings?.Total),
        RemotePort = telling.RemotePort,
        LocalAddress = telling.LocalAddress,
        Certificate = certified?.Certificate,
        CertificateErrors = certified?.CertificateErrors ?? [],
        ResponseHeaders = telling.ResponseHeaders,
        ResponseBody = telling.ResponseBody,
        Reply = telling.Reply,
        CloseReason = telling.CloseReason,
    };

    private double[] Each(Func<ProbeOutcome, TimeSpan?> time) =>
        [.. _outcomes
            .Select(time)
            .Where(static known => known is not null)
            .Select(static known => Math.Round(known!.Value.TotalMilliseconds, Digits))];

    private double? Median(Func<ProbeOutcome, TimeSpan?> time)
    {
        double[] sorted = Each(time);
        Array.Sort(sorted);
        return Percentiles.Median(sorted) is { } median ? Math.Round(median, Digits) : null;
    }
}
