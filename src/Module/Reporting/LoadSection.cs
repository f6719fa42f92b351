using System.Globalization;

namespace MessageWebSockets.PowerShell.Reporting;

/// <summary>The part of a page that tells what one load found out: its numbers, its course, and the latency by percentile.</summary>
internal sealed class LoadSection(TextWriter page, LoadRow load)
{
    private const int LongestAddress = 160;

    // In units of the drawing; it is stretched to the width of the page.
    private const double Width = 100;
    private const double Height = 30;

    private string Counted => load.Mode switch
    {
        nameof(WsLoadMode.Connect) => "connects",
        nameof(WsLoadMode.Ping) => "pings",
        _ => "messages",
    };

    public void Write()
    {
        page.Write($"<section>\n<h2>Load on {Html.Text(load.Address, LongestAddress)}</h2>\n<ul class=\"numbers\">");
        Number(Html.Count((long)load.Connections), "connections");
        Number(Html.Count((long)load.Refused), "refused");
        Number(Html.Count((long)load.MessagesPerSecond), $"{Counted} a second");
        Number(Html.Count((long)load.Errors), "errors");
        page.Write("</ul>\n");
        string loop = load.Loop switch
        {
            "open" => "Sent at a rate, whatever came back (open loop).",
            "closed" when load.Mode == nameof(WsLoadMode.Send) => "Each connection sent as fast as it could.",
            "closed" when load.Mode == nameof(WsLoadMode.Receive) => "",
            "closed" => "Each connection waited for its answers (closed loop): a slow server is asked less.",
            _ => "",
        };
        page.Write(
            $"<p class=\"dim\">{loop}{(load.IsGeneratorLimited ? " The machine that made the load was at its own limit." : "")}</p>\n");
        WriteTimeline();
        WriteLatencies();
        page.Write("</section>\n");
    }

    private void Number(string number, string text) => page.Write($"<li>{number} <span>{text}</span></li>");

    private void WriteTimeline()
    {
        if (load.Timeline.Count == 0)
        {
            return;
        }

        double most = load.Timeline.Max(static second => second.Rate);
        string what = load.Measure.Name;
        page.Write($"<h3>{char.ToUpperInvariant(what[0])}{what[1..]}, by second</h3>\n");
        Chart(load.Timeline.Select(static second => second.Rate), most, "fill-bar", $"{what} by second");
        page.Write($"<p class=\"dim\">At most {Html.Count((long)most)} a second, over {Seconds()}.</p>\n");
        if (load.Timeline.Any(static second => second.P99 is not null))
        {
            double slowest = load.Timeline.Max(static second => second.P99 ?? 0);
            page.Write("<h3>99th percentile of the latency, by second</h3>\n");
            Chart(load.Timeline.Select(static second => second.P99 ?? 0), slowest, "fill-warn", "99th percentile by second");
            page.Write($"<p class=\"dim\">At most {Html.Milliseconds(slowest)}.</p>\n");
        }
    }

    private string Seconds() => string.Create(CultureInfo.InvariantCulture, $"{load.Timeline.Max(static second => second.Second) + 1:0} s");

    private void Chart(IEnumerable<double> values, double most, string fill, string label)
    {
        double[] all = [.. values];
        double step = Width / all.Length;
        page.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"<svg class=\"course\" role=\"img\" aria-label=\"{label}\" viewBox=\"0 0 {Width} {Height}\" preserveAspectRatio=\"none\" "
            + $"height=\"90\">\n"));
        for (int index = 0; index < all.Length; index++)
        {
            double height = most > 0 ? Height * all[index] / most : 0;
            page.Write(string.Create(
                CultureInfo.InvariantCulture,
                $"<rect class=\"{fill}\" x=\"{index * step:0.###}\" y=\"{Height - height:0.###}\" width=\"{step * 0.9:0.###}\" "
                + $"height=\"{height:0.###}\"/>\n"));
        }

        page.Write("</svg>\n");
    }

    private void WriteLatencies()
    {
        if (load.Latencies.Count == 0)
        {
            return;
        }

        double most = load.Latencies.Max(static one => one.Milliseconds);
        page.Write("<h3>Latency by percentile</h3>\n<div class=\"rows\">\n");
        foreach ((string name, double time) in load.Latencies)
        {
            page.Write($"<div class=\"label\">{name}</div>");
            page.Write(ReportChart.Bar([("bar", time, Html.Milliseconds(time))], most, $"{name}: {Html.Milliseconds(time)}"));
            page.Write($"<div class=\"value\">{Html.Milliseconds(time)}</div>\n");
        }

        page.Write("</div>\n");
    }
}
