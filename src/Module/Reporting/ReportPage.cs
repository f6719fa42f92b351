using System.Globalization;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Probing;

namespace MessageWebSockets.PowerShell.Reporting;

/// <summary>
/// Writes the page: what matters first, then what it consists of. It needs nothing but itself: no script, no font, no picture from
/// elsewhere, and its policy forbids all of them.
/// </summary>
internal sealed class ReportPage(
    TextWriter page,
    string title,
    IReadOnlyList<ReportRow> rows,
    IReadOnlyList<FindingRow> findings,
    IReadOnlyList<LoadRow> loads,
    DateTime now)
{
    // A page of thousands of rows is not read: these are enough to see what is the matter, and the rest is in the results.
    private const int ProblemsShown = 20;
    private const int ProblemsFolded = 480;
    private const int WorkingFolded = 200;
    private const int HostsShown = 10;
    private const int SlowestShown = 10;
    private const int CertificatesShown = 12;
    private const int CertificatesFolded = 200;
    private const int DaysToWarn = 14;
    private const int DaysToRenew = 30;
    private const int LongestAddress = 160;
    private const int LongestError = 300;

    private static readonly (string Name, string Class, Func<ReportRow, double?> Time)[] Stages =
    [
        ("Name", "name", static row => row.NameResolutionMs),
        ("TCP", "tcp", static row => row.TcpMs),
        ("TLS", "tls", static row => row.TlsMs),
        ("Upgrade", "upgrade", static row => row.UpgradeMs),
    ];

    private readonly ReportRow[] _working = [.. rows.Where(static row => row.IsSuccess)];
    private readonly ReportRow[] _failed = [.. rows.Where(static row => !row.IsSuccess)];

    public void Write()
    {
        page.Write("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        page.Write("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n");
        page.Write(
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n");
        page.Write($"<title>{Html.Text(title)}</title>\n<style>\n{ReportStyle.Css}\n</style>\n</head>\n<body>\n<main>\n");
        WriteHead();
        if (rows.Count > 0)
        {
            WriteTiles();
            WriteErrors();
            WriteProblems();
            WriteHosts();
            WriteLatency();
            WriteStages();
            WriteCertificates();
            WriteWorking();
        }

        new FindingSection(page, findings).Write();
        foreach (LoadRow load in loads)
        {
            new LoadSection(page, load).Write();
        }

        (string Cmdlet, int Count)[] sources =
            [("Test-WsEndpoint", rows.Count), ("Test-WsServer", findings.Count), ("Measure-WsLoad", loads.Count)];
        string from = string.Join(", ", sources.Where(static source => source.Count > 0).Select(static source => source.Cmdlet));
        page.Write($"<footer>Made {Html.Minute(now)} by Export-WsReport{(from.Length > 0 ? $" from the results of {from}" : "")}. "
            + "Times depend on the machine that took them.</footer>\n");
        page.Write("</main>\n</body>\n</html>\n");
    }

    private void WriteHead()
    {
        DateTime[] times = [.. rows.Where(static row => row.TestedAt is not null).Select(static row => row.TestedAt!.Value).Order()];
        string tested = times switch
        {
            [] => "",
            [var first, .., var last] when last - first > TimeSpan.FromMinutes(1) => $", tested {Html.Minute(first)} to "
                + $"{(last.Date == first.Date ? last.ToString("HH:mm", CultureInfo.InvariantCulture) : Html.Minute(last))}",
            [var first, ..] => $", tested {Html.Minute(first)}",
        };
        string[] parts =
        [
            rows.Count == 0 ? "" : $"{Html.Counted(rows.Count, "endpoint", "endpoints")}{tested}",
            findings.Count == 0 ? "" : $"{Html.Counted(findings.Count, "check", "checks")} of "
                + $"{Html.Counted(findings.Select(static one => one.Label).Distinct().Count(), "server", "servers")}",
            loads.Count == 0 ? "" : Html.Counted(loads.Count, "load", "loads"),
        ];
        string[] told = [.. parts.Where(static part => part.Length > 0)];
        string counted = told.Length == 0 ? "There were no results." : $"{string.Join("; ", told)}.";
        page.Write($"<h1>{Html.Text(title)}</h1>\n<p class=\"dim\">{counted}</p>\n");
    }

    private void WriteTiles()
    {
        double[] roundTrips = Sorted(_working, static row => row.RoundTripMs);
        double[] totals = Sorted(_working, static row => row.TotalMs);
        int soon = rows.Count(static row => row.CertificateDaysLeft < DaysToWarn);
        page.Write("<div class=\"tiles\">\n");
        Tile(
            Html.Share(_working.Length, rows.Count),
            $"{Html.Count(_working.Length)} of {Html.Count(rows.Count)} work",
            _failed.Length == 0 ? "ok" : "");
        Tile(Html.Count(_failed.Length), _failed.Length == 1 ? "does not work" : "do not work", _failed.Length > 0 ? "bad" : "");
        if (totals.Length > 0)
        {
            Tile(
                Html.Milliseconds(Percentiles.Median(totals)),
                $"median connect, P95 {Html.Milliseconds(Percentiles.NearestRank(totals, 95))}",
                "");
        }

        if (roundTrips.Length > 0)
        {
            Tile(
                Html.Milliseconds(Percentiles.Median(roundTrips)),
                $"median round trip, P95 {Html.Milliseconds(Percentiles.NearestRank(roundTrips, 95))}",
                "");
        }

        if (rows.Any(static row => row.CertificateDaysLeft is not null))
        {
            Tile(Html.Count(soon), $"with a certificate that expires within {DaysToWarn} days or has expired", soon > 0 ? "warn" : "");
        }

        page.Write("</div>\n");
        page.Write("<div style=\"margin-top:14px\">");
        page.Write(ReportChart.Bar(
            [
                ("ok", _working.Length, $"{Html.Count(_working.Length)} work"),
                ("bad", _failed.Length, $"{Html.Count(_failed.Length)} do not"),
            ],
            rows.Count,
            $"{_working.Length} of {rows.Count} endpoints work",
            10));
        page.Write("</div>\n");
    }

    private void Tile(string number, string text, string kind) =>
        page.Write($"<div class=\"tile\"><b class=\"{kind}\">{number}</b><span>{text}</span></div>\n");

    private void WriteErrors()
    {
        if (_failed.Length == 0)
        {
            return;
        }

        page.Write("<section>\n<h2>Errors by kind</h2>\n<div class=\"rows\">\n");
        (string Result, int Count)[] kinds = [.. _failed.GroupBy(static row => row.Result)
            .Select(static kind => (kind.Key, kind.Count()))
            .OrderByDescending(static kind => kind.Item2)
            .ThenBy(static kind => kind.Key, StringComparer.Ordinal)];
        foreach ((string result, int count) in kinds)
        {
            page.Write($"<div class=\"label\">{Html.Text(result, 80)}</div>");
            page.Write(ReportChart.Bar([("bad", count, $"{result}: {Html.Count(count)}")], kinds[0].Count, $"{result}: {count}"));
            page.Write($"<div class=\"value\">{Html.Count(count)} <span class=\"dim\">{Html.Share(count, rows.Count)}</span></div>\n");
        }

        page.Write("</div>\n</section>\n");
    }

    private void WriteProblems()
    {
        if (_failed.Length == 0)
        {
            return;
        }

        // Each kind in turn, so that a common one does not push the rare ones off the page.
        ReportRow[] mixed = [.. _failed
            .GroupBy(static row => row.Result)
            .SelectMany(static kind =>
                kind.OrderBy(static row => row.Address, StringComparer.Ordinal).Select(static (row, place) => (Row: row, Place: place)))
            .OrderBy(static pair => pair.Place).ThenBy(static pair => pair.Row.Result, StringComparer.Ordinal)
            .Select(static pair => pair.Row)];
        int left = Math.Max(0, mixed.Length - ProblemsShown - ProblemsFolded);
        string capped = mixed.Length > ProblemsShown
            ? $" {Html.Count(ProblemsShown)} of {Html.Count(mixed.Length)}, some of each kind:"
            : "";
        page.Write("<section>\n<h2>Endpoints that do not work</h2>\n"
            + $"<p class=\"dim\">{(capped.Length > 0 ? capped.Trim() : Html.Counted(mixed.Length, "endpoint", "endpoints") + ":")}</p>\n");
        WriteProblemTable(Ordered(mixed.Take(ProblemsShown)));
        if (mixed.Length > ProblemsShown)
        {
            int folded = Math.Min(ProblemsFolded, mixed.Length - ProblemsShown);
            page.Write($"<details>\n<summary>{Html.Count(folded)} more</summary>\n");
            WriteProblemTable(Ordered(mixed.Skip(ProblemsShown).Take(ProblemsFolded)));
            page.Write("</details>\n");
        }

        if (left > 0)
        {
            page.Write(
                $"<p class=\"dim\" style=\"margin-top:10px\">{Html.Counted(left, "further one is", "further ones are")} not listed here; "
                + "the results themselves have them all.</p>\n");
        }

        page.Write("</section>\n");
    }

    private static IEnumerable<ReportRow> Ordered(IEnumerable<ReportRow> problems) =>
        problems.OrderBy(static row => row.Result, StringComparer.Ordinal).ThenBy(static row => row.Address, StringComparer.Ordinal);

    private void WriteProblemTable(IEnumerable<ReportRow> problems)
    {
        page.Write("<table class=\"problems\">\n<thead><tr><th>Endpoint</th><th>Result</th><th class=\"n\">After</th><th>What happened</th>"
            + "</tr></thead>\n<tbody>\n");
        foreach (ReportRow row in problems)
        {
            page.Write($"<tr><td class=\"address\">{Html.Text(row.Label, LongestAddress)}</td>"
                + $"<td class=\"short bad\">{Html.Text(row.Result, 80)}</td>");
            page.Write($"<td class=\"n short\" data-n=\"after\">{Html.Milliseconds(row.TotalMs)}</td>"
                + $"<td class=\"message\">{Html.Text(Shortened(row), LongestError)}</td></tr>\n");
        }

        page.Write("</tbody>\n</table>\n");
    }

    // The address stands in the first column already.
    private static string Shortened(ReportRow row)
    {
        string error = row.Error ?? "";
        string prefix = $"Cannot connect to {row.Address}: ";
        return error.StartsWith(prefix, StringComparison.Ordinal)
            ? error[prefix.Length..]
            : error.Replace(row.Address + " answered", "answered", StringComparison.Ordinal);
    }

    private void WriteHosts()
    {
        (string Host, int Failed, int All)[] hosts = [.. rows
            .GroupBy(static row => row.Host)
            .Select(static host => (host.Key, host.Count(static row => !row.IsSuccess), host.Count()))
            .Where(static host => host.Item2 > 0)
            .OrderByDescending(static host => host.Item2).ThenBy(static host => host.Key, StringComparer.Ordinal)];

        // Where every host has one endpoint this would say nothing new.
        if (hosts.Length < 2 || hosts.All(static host => host.All == 1))
        {
            return;
        }

        page.Write("<section>\n<h2>Hosts with problems</h2>\n");
        if (hosts.Length > HostsShown)
        {
            page.Write($"<p class=\"dim\">The {HostsShown} with the most of {Html.Count(hosts.Length)}:</p>\n");
        }

        page.Write("<div class=\"rows\">\n");
        foreach ((string host, int failed, int all) in hosts.Take(HostsShown))
        {
            page.Write($"<div class=\"label\">{Html.Text(host, 80)}</div>");
            page.Write(ReportChart.Bar(
                [("bad", failed, $"{Html.Count(failed)} do not work"), ("ok", all - failed, $"{Html.Count(all - failed)} work")],
                hosts.Max(static one => one.All),
                $"{host}: {failed} of {all} do not work"));
            page.Write($"<div class=\"value\">{Html.Count(failed)} <span class=\"dim\">of {Html.Count(all)}</span></div>\n");
        }

        page.Write("</div>\n</section>\n");
    }

    private void WriteLatency()
    {
        double[] totals = Sorted(_working, static row => row.TotalMs);
        double[] roundTrips = Sorted(_working, static row => row.RoundTripMs);
        if (totals.Length == 0 && roundTrips.Length == 0)
        {
            return;
        }

        page.Write("<section>\n<h2>Latency</h2>\n<p class=\"dim\">Endpoints by time, on a logarithmic scale; those that work.</p>\n");
        WriteDistribution("Round trip of a ping", roundTrips);
        WriteDistribution("Whole connect", totals);
        page.Write("</section>\n");
    }

    private void WriteDistribution(string name, double[] sorted)
    {
        if (sorted.Length == 0)
        {
            return;
        }

        page.Write($"<h3>{name}, in ms</h3>\n{ReportChart.Histogram(sorted, name)}\n<ul class=\"numbers\">");
        foreach ((string label, double? value) in new (string, double?)[]
        {
            ("minimum", sorted[0]), ("median", Percentiles.Median(sorted)), ("P95", Percentiles.NearestRank(sorted, 95)),
            ("P99", Percentiles.NearestRank(sorted, 99)), ("maximum", sorted[^1]),
        })
        {
            page.Write($"<li><span>{label}</span> {Html.Milliseconds(value)}</li>");
        }

        page.Write("</ul>\n");
    }

    private void WriteStages()
    {
        ReportRow[] slowest =
            [.. _working.Where(static row => row.TotalMs is not null).OrderByDescending(static row => row.TotalMs).Take(SlowestShown)];
        if (slowest.Length == 0)
        {
            return;
        }

        page.Write("<section>\n<h2>Where the time goes</h2>\n<p class=\"dim\">The stages of the connect, of the endpoints that work.</p>\n"
            + "<ul class=\"legend\">");
        foreach ((string name, string kind, _) in Stages)
        {
            page.Write($"<li>{ReportChart.Swatch(kind)}{name}</li>");
        }

        page.Write("</ul>\n<h3>Each stage by itself</h3>\n<div class=\"rows\">\n");
        double[][] sorted = [.. Stages.Select(stage => Sorted(_working, stage.Time))];
        foreach ((string name, Func<double[], double?> pick) in new (string, Func<double[], double?>)[]
        {
            ("Median", Percentiles.Median),
            ("P95", static times => Percentiles.NearestRank(times, 95)),
        })
        {
            double[] times = [.. sorted.Select(stage => pick(stage) ?? 0)];
            double whole = sorted.Sum(static stage => Percentiles.NearestRank(stage, 95) ?? 0);
            // Percentiles of stages do not add up to one of the whole, so there is no sum beside the bar.
            WriteStackedRow(name, [.. Stages.Select((stage, index) => (stage.Name, stage.Class, times[index]))], whole, null);
        }

        page.Write("</div>\n<ul class=\"numbers\">");
        for (int index = 0; index < Stages.Length; index++)
        {
            if (sorted[index].Length > 0)
            {
                page.Write($"<li><span>{Stages[index].Name}</span> {Html.Milliseconds(Percentiles.Median(sorted[index]))} "
                    + $"<span>P95</span> {Html.Milliseconds(Percentiles.NearestRank(sorted[index], 95))}</li>");
            }
        }

        page.Write($"</ul>\n<h3>The slowest{(slowest.Length > 1 ? $" {slowest.Length}" : "")}</h3>\n<div class=\"rows\">\n");
        foreach (ReportRow row in slowest)
        {
            WriteStackedRow(
                row.Label,
                [.. Stages.Select(stage => (stage.Name, stage.Class, stage.Time(row) ?? 0))],
                slowest[0].TotalMs!.Value,
                row.TotalMs!.Value);
        }

        page.Write("</div>\n</section>\n");
    }

    private void WriteStackedRow(string label, (string Name, string Class, double Time)[] stages, double whole, double? total)
    {
        // Probes of several connects have medians, which need not add up to theirs.
        double width = Math.Max(whole, stages.Sum(static stage => stage.Time));
        string told = string.Join(
            ", ", stages.Where(static stage => stage.Time > 0).Select(static stage => $"{stage.Name} {Html.Milliseconds(stage.Time)}"));
        page.Write($"<div class=\"label\">{Html.Text(label, 60)}</div>");
        page.Write(ReportChart.Bar(
            stages.Select(static stage => (stage.Class, stage.Time, $"{stage.Name} {Html.Milliseconds(stage.Time)}")),
            width,
            $"{label}: {told}"));
        page.Write($"<div class=\"value\">{Html.Milliseconds(total)}</div>\n");
    }

    private void WriteCertificates()
    {
        (string Subject, DateTime? Expires, double Days, int Endpoints)[] certificates = [.. rows
            .Where(static row => row.CertificateDaysLeft is not null)
            .GroupBy(static row => (Subject: row.CertificateSubject ?? "", row.CertificateExpires))
            .Select(static same =>
                (same.Key.Subject, same.Key.CertificateExpires, same.Min(static row => row.CertificateDaysLeft!.Value), same.Count()))
            .OrderBy(static certificate => certificate.Item3).ThenBy(static certificate => certificate.Subject, StringComparer.Ordinal)];
        if (certificates.Length == 0)
        {
            return;
        }

        (string Name, string Class, Func<double, bool> Holds)[] ages =
        [
            ("expired", "bad", static days => days < 0),
            ($"below {DaysToWarn} days", "warn", static days => days is >= 0 and < DaysToWarn),
            ($"{DaysToWarn} to {DaysToRenew - 1} days", "bar", static days => days is >= DaysToWarn and < DaysToRenew),
            ($"{DaysToRenew} to 89 days", "ok", static days => days is >= DaysToRenew and < 90),
            ("90 days or more", "ok", static days => days >= 90),
        ];
        page.Write("<section>\n<h2>Certificates by days left</h2>\n"
            + $"<p class=\"dim\">{Html.Counted(certificates.Length, "certificate", "certificates")} of "
            + $"{Html.Counted(certificates.Sum(static one => one.Endpoints), "endpoint", "endpoints")}.</p>\n<div class=\"rows\">\n");
        int[] counts = [.. ages.Select(age => certificates.Count(certificate => age.Holds(certificate.Days)))];
        for (int index = 0; index < ages.Length; index++)
        {
            (string name, string kind, _) = ages[index];
            page.Write($"<div class=\"label\">{name}</div>");
            page.Write(ReportChart.Bar([(kind, counts[index], Html.Count(counts[index]))], counts.Max(), $"{name}: {counts[index]}"));
            page.Write($"<div class=\"value\">{Html.Count(counts[index])}</div>\n");
        }

        page.Write("</div>\n<h3>First to expire</h3>\n");
        WriteCertificateTable(certificates.Take(CertificatesShown));
        if (certificates.Length > CertificatesShown)
        {
            page.Write($"<details>\n<summary>{Html.Count(Math.Min(CertificatesFolded, certificates.Length - CertificatesShown))} "
                + $"more of {Html.Count(certificates.Length)}</summary>\n");
            WriteCertificateTable(certificates.Skip(CertificatesShown).Take(CertificatesFolded));
            page.Write("</details>\n");
        }

        page.Write("</section>\n");
    }

    private void WriteCertificateTable(IEnumerable<(string Subject, DateTime? Expires, double Days, int Endpoints)> certificates)
    {
        page.Write("<table>\n<thead><tr><th>Certificate</th><th class=\"n\">Days left</th><th>Expires</th><th class=\"n\">Endpoints</th>"
            + "</tr></thead>\n<tbody>\n");
        foreach ((string subject, DateTime? expires, double days, int endpoints) in certificates)
        {
            string kind = days < 0 ? " bad" : days < DaysToWarn ? " warn" : "";
            page.Write($"<tr><td class=\"address\">{Html.Text(subject, LongestAddress)}</td>"
                + $"<td class=\"n short{kind}\" data-n=\"days left\">{days.ToString("0", CultureInfo.InvariantCulture)}</td>");
            page.Write($"<td class=\"short\" data-n=\"expires\">{(expires is { } day ? Html.Day(day) : "")}</td>"
                + $"<td class=\"n short\" data-n=\"endpoints\">{Html.Count(endpoints)}</td></tr>\n");
        }

        page.Write("</tbody>\n</table>\n");
    }

    private void WriteWorking()
    {
        if (_working.Length == 0)
        {
            return;
        }

        string summary = _working.Length > WorkingFolded
            ? $"The slowest {WorkingFolded} of {Html.Count(_working.Length)}; the results themselves have them all"
            : Html.Counted(_working.Length, "endpoint", "endpoints");
        page.Write($"<section>\n<h2>Endpoints that work</h2>\n<details style=\"margin-top:6px\">\n<summary>{summary}</summary>\n");
        page.Write("<table>\n<thead><tr><th>Endpoint</th><th class=\"n\">Connect</th><th class=\"n\">Name</th><th class=\"n\">TCP</th>"
            + "<th class=\"n\">TLS</th><th class=\"n\">Upgrade</th><th class=\"n\">Round trip</th><th class=\"n\">Days left</th>"
            + "</tr></thead>\n<tbody>\n");
        foreach (ReportRow row in _working
            .OrderByDescending(static row => row.TotalMs ?? 0)
            .ThenBy(static row => row.Address, StringComparer.Ordinal)
            .Take(WorkingFolded))
        {
            page.Write($"<tr><td class=\"address\">{Html.Text(row.Label, LongestAddress)}</td>");
            foreach ((string name, double? time) in new (string, double?)[]
            {
                ("connect", row.TotalMs), ("name", row.NameResolutionMs), ("TCP", row.TcpMs), ("TLS", row.TlsMs),
                ("upgrade", row.UpgradeMs), ("round trip", row.RoundTripMs),
            })
            {
                page.Write($"<td class=\"n short\" data-n=\"{name}\">{Html.Milliseconds(time)}</td>");
            }

            page.Write("<td class=\"n short\" data-n=\"days left\">"
                + $"{row.CertificateDaysLeft?.ToString("0", CultureInfo.InvariantCulture)}</td></tr>\n");
        }

        page.Write("</tbody>\n</table>\n</details>\n</section>\n");
    }

    private static double[] Sorted(IEnumerable<ReportRow> rows, Func<ReportRow, double?> time) =>
        [.. rows.Select(time).Where(static known => known is not null).Select(static known => known!.Value).Order()];
}
