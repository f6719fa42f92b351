namespace MessageWebSockets.PowerShell.Reporting;

/// <summary>The style sheet of the report: light and dark as the reader's system is, from a phone to a wide screen.</summary>
internal static class ReportStyle
{
    public const string Css = """
        :root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1c2128;--dim:#59636e;--line:#d8dee4;
        --ok:#1f8f5f;--bad:#c93c37;--warn:#b26a00;--bar:#4a7fb5;--name:#8a93a3;--tcp:#3d84c6;--tls:#8359c2;--upgrade:#cf7f1c}
        @media (prefers-color-scheme:dark){:root{--bg:#14171c;--card:#1d2127;--ink:#e4e8ee;--dim:#9aa5b1;--line:#353c46;
        --ok:#3fb97f;--bad:#f0706a;--warn:#e0a03c;--bar:#6ba3dc;--name:#9aa3b2;--tcp:#5ba2e2;--tls:#a884e8;--upgrade:#e6a04a}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--bg);color:var(--ink);
        font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
        main{max-width:1080px;margin:0 auto;padding:20px 16px 48px}
        h1{font-size:1.6rem;line-height:1.25;margin:0 0 2px;overflow-wrap:anywhere}
        h2{font-size:1.1rem;margin:0 0 4px}
        h3{font-size:.95rem;margin:18px 0 6px}
        p{margin:0 0 10px}
        .dim,caption{color:var(--dim)}
        .ok{color:var(--ok)}.bad{color:var(--bad)}.warn{color:var(--warn)}
        section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px;margin-top:16px}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin-top:16px}
        .tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}
        .tile b{display:block;font-size:1.55rem;line-height:1.2;font-variant-numeric:tabular-nums}
        .tile span{color:var(--dim);font-size:.85rem}
        svg{display:block;width:100%;overflow:visible}
        svg text{fill:var(--dim);font-size:12px}
        .fill-ok{fill:var(--ok)}.fill-bad{fill:var(--bad)}.fill-warn{fill:var(--warn)}.fill-bar{fill:var(--bar)}.fill-none{fill:var(--line)}
        .fill-name{fill:var(--name)}.fill-tcp{fill:var(--tcp)}.fill-tls{fill:var(--tls)}.fill-upgrade{fill:var(--upgrade)}
        .axis{stroke:var(--line);stroke-width:1}
        .rows{display:grid;grid-template-columns:minmax(90px,max-content) 1fr max-content;gap:6px 12px;align-items:center}
        .rows>*{min-width:0}.rows .value{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
        .rows .label{overflow-wrap:anywhere}
        .legend{display:flex;flex-wrap:wrap;gap:4px 16px;margin:0 0 10px;padding:0;list-style:none;color:var(--dim);font-size:.85rem}
        .legend svg{display:inline-block;width:10px;height:10px;margin-right:6px}
        .numbers{display:flex;flex-wrap:wrap;gap:4px 22px;margin:10px 0 0;padding:0;list-style:none;font-variant-numeric:tabular-nums}
        .numbers span{color:var(--dim)}
        table{width:100%;border-collapse:collapse;font-size:.9rem}
        caption{text-align:left;padding:0 0 6px}
        th{text-align:left;color:var(--dim);font-weight:600;border-bottom:1px solid var(--line);padding:4px 10px 4px 0;white-space:nowrap}
        td{border-bottom:1px solid var(--line);padding:5px 10px 5px 0;vertical-align:top;overflow-wrap:anywhere}
        th.n,td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
        td.address{min-width:160px;word-break:break-all}td.message{color:var(--dim);min-width:220px}
        .problems{table-layout:fixed}
        .problems th:nth-child(1){width:32%}.problems th:nth-child(2){width:21%}.problems th:nth-child(3){width:9%}
        .findings{table-layout:fixed}.findings th:nth-child(1){width:20%}.findings th:nth-child(2){width:28%}h3 .dim{font-weight:400}
        details{margin-top:12px}summary{cursor:pointer;color:var(--dim)}details[open]>summary{margin-bottom:10px}
        footer{color:var(--dim);font-size:.85rem;margin-top:18px}
        @media (max-width:680px){
        main{padding:14px 10px 32px}section{padding:13px 12px}h1{font-size:1.3rem}
        .tiles{grid-template-columns:1fr 1fr;gap:8px}.tile{padding:10px}.tile b{font-size:1.25rem}
        .rows{grid-template-columns:1fr max-content;grid-auto-flow:row dense;gap:2px 10px}
        .rows .chart{grid-column:1/-1;margin-bottom:8px}.rows .label{grid-column:1}.rows .value{grid-column:2}
        table,tbody,tr,td{display:block}thead{display:none}tr{border-bottom:1px solid var(--line);padding:7px 0}
        td,td.n{border:0;padding:1px 0;text-align:left;white-space:normal;min-width:0}td:empty{display:none}
        td[data-n]:not(:empty)::before{content:attr(data-n) " ";color:var(--dim)}td.short{display:inline-block;margin-right:14px}
        }
        @media print{body{background:#fff}section,.tile{break-inside:avoid}}
        """;
}
