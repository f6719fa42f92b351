using MessageWebSockets.PowerShell.Auditing;

namespace MessageWebSockets.PowerShell.Reporting;

/// <summary>
/// The part of a page that tells what checks of servers found: by severity, each with its evidence and what to do about it.
/// </summary>
internal sealed class FindingSection(TextWriter page, IReadOnlyList<FindingRow> findings)
{
    private const int MostShown = 200;
    private const int MostFolded = 500;
    private const int LongestAddress = 160;
    private const int LongestText = 600;

    private static readonly (string Severity, string Heading, string Class)[] s_severities =
        [("high", "High severity", "bad"), ("medium", "Medium severity", "warn"), ("low", "Low severity", "")];

    public void Write()
    {
        if (findings.Count == 0)
        {
            return;
        }

        WriteTiles();
        FindingRow[] concerns = [.. findings.Where(static one => one.Result is AuditResult.Failed or AuditResult.Warning)];
        foreach ((string severity, string heading, string kind) in s_severities)
        {
            WriteConcerns([.. concerns.Where(one => SeverityOf(one) == severity)], heading, kind);
        }

        WriteRest(AuditResult.Inconclusive, "Inconclusive");
        WriteRest(AuditResult.Passed, "Passed");
        WriteRest(AuditResult.NotApplicable, "Not applicable");
    }

    // What a list of another origin calls otherwise is not left out for that.
    private static string SeverityOf(FindingRow finding) => finding.Severity is "high" or "medium" ? finding.Severity : "low";

    private void WriteTiles()
    {
        page.Write("<div class=\"tiles\">\n");
        Tile(AuditResult.Failed, "failed", "bad");
        Tile(AuditResult.Warning, "warned of", "warn");
        Tile(AuditResult.Inconclusive, "inconclusive", "");
        Tile(AuditResult.Passed, "passed", "ok");
        page.Write("</div>\n");
    }

    private void Tile(AuditResult result, string text, string kind)
    {
        int count = findings.Count(one => one.Result == result);
        page.Write($"<div class=\"tile\"><b class=\"{(count > 0 ? kind : "")}\">{Html.Count(count)}</b><span>{text}</span></div>\n");
    }

    private void WriteConcerns(FindingRow[] concerns, string heading, string kind)
    {
        if (concerns.Length == 0)
        {
            return;
        }

        page.Write($"<section>\n<h2 class=\"{kind}\">{heading}</h2>\n");
        foreach (IGrouping<string, FindingRow> check in concerns
            .Take(MostShown)
            .GroupBy(static one => one.Check)
            .OrderBy(static one => one.Min(static row => row.Result)))
        {
            FindingRow first = check.First();
            page.Write($"<h3>{Html.Text(check.Key, LongestAddress)} "
                + $"<span class=\"dim\">{Html.Text(first.Reference, LongestAddress)}</span></h3>\n");
            page.Write($"<p>{Html.Text(first.Remedy, LongestText)}</p>\n");
            WriteTable(check);
        }

        if (concerns.Length > MostShown)
        {
            page.Write($"<p class=\"dim\">{Html.Count(concerns.Length - MostShown)} more are in the results.</p>\n");
        }

        page.Write("</section>\n");
    }

    private void WriteRest(AuditResult result, string heading)
    {
        FindingRow[] rest = [.. findings.Where(one => one.Result == result)];
        if (rest.Length == 0)
        {
            return;
        }

        string capped = rest.Length > MostFolded
            ? $"{Html.Count(MostFolded)} of {Html.Count(rest.Length)}"
            : Html.Counted(rest.Length, "check", "checks");
        page.Write($"<section>\n<h2>{heading}</h2>\n<details style=\"margin-top:6px\">\n<summary>{capped}</summary>\n");
        page.Write("<table class=\"findings\">\n<thead><tr><th>Check</th><th>Server</th><th>Evidence</th></tr></thead>\n<tbody>\n");
        foreach (FindingRow row in rest.Take(MostFolded))
        {
            page.Write(
                $"<tr><td>{Html.Text(row.Check, LongestAddress)}</td><td class=\"address\">{Html.Text(row.Label, LongestAddress)}</td>");
            page.Write($"<td class=\"message\">{Html.Text(row.Evidence, LongestText)}</td></tr>\n");
        }

        page.Write("</tbody>\n</table>\n</details>\n</section>\n");
    }

    private void WriteTable(IEnumerable<FindingRow> rows)
    {
        page.Write("<table class=\"findings\">\n<thead><tr><th>Result</th><th>Server</th><th>Evidence</th></tr></thead>\n<tbody>\n");
        foreach (FindingRow row in rows)
        {
            string kind = row.Result == AuditResult.Failed ? "bad" : "warn";
            page.Write($"<tr><td class=\"{kind}\">{row.Result}</td><td class=\"address\">{Html.Text(row.Label, LongestAddress)}</td>");
            page.Write($"<td class=\"message\">{Html.Text(row.Evidence, LongestText)}</td></tr>\n");
        }

        page.Write("</tbody>\n</table>\n");
    }
}
