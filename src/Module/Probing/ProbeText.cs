using System.Globalization;
using System.Management.Automation;
using MessageWebSockets.PowerShell.Errors;

namespace MessageWebSockets.PowerShell;

/// <summary>How the result of a probe looks in the default views, whether it is a live object or a copy from another process.</summary>
public static class ProbeText
{
    private const int DaysToWarn = 14;

    /// <summary>The address, without secrets and with visible escapes.</summary>
    /// <param name="result">The result of a probe.</param>
    public static string Address(object? result) => TerminalText.Escape(Redaction.Of(Text(result, nameof(WsEndpointResult.Uri)) ?? ""));

    /// <summary>The status in words: ok, or what went wrong with the HTTP status or close code that says so.</summary>
    /// <param name="result">The result of a probe.</param>
    /// <param name="width">The most characters to return; the name is cut before the number is.</param>
    public static string Result(object? result, int width)
    {
        string status = TerminalText.Escape(Text(result, nameof(WsEndpointResult.Status)));
        if (IsSuccess(result))
        {
            return "ok";
        }

        string? number = status is "ConnectionClosed" ? Text(result, nameof(WsEndpointResult.CloseCode)) : HttpStatus(result);
        string detail = string.IsNullOrEmpty(number) ? "" : $" ({TerminalText.Escape(number)})";
        int room = Math.Max(width - detail.Length, 1);
        return (status.Length > room ? string.Concat(status.AsSpan(0, room - 1), "…") : status) + detail;
    }

    /// <summary>As <see cref="Result(object, int)"/>, in a colour that says the same.</summary>
    /// <param name="result">The result of a probe.</param>
    /// <param name="width">The most characters to return, without the colour.</param>
    /// <param name="ok">What begins the colour of a success.</param>
    /// <param name="failed">What begins the colour of a failure.</param>
    /// <param name="reset">What ends a colour.</param>
    public static string ColoredResult(object? result, int width, string ok, string failed, string reset) =>
        $"{(IsSuccess(result) ? ok : failed)}{Result(result, width)}{reset}";

    /// <summary>The whole time of the connect with its unit.</summary>
    /// <param name="result">The result of a probe.</param>
    public static string Total(object? result) => Number(result, nameof(WsEndpointResult.TotalMs)) switch
    {
        null => "",
        var time when time < 9999.5 => $"{time.Value.ToString(time < 0.95 ? "0.0" : "0", CultureInfo.InvariantCulture)} ms",
        var time => $"{(time.Value / 1000).ToString(time < 99_950 ? "0.0" : "0", CultureInfo.InvariantCulture)} s",
    };

    /// <summary>The time of one stage in milliseconds, in four characters where it is below ten seconds.</summary>
    /// <param name="result">The result of a probe.</param>
    /// <param name="property">The name of the property with the time.</param>
    public static string Stage(object? result, string property) => Number(result, property) switch
    {
        null => "",
        var time when time < 9.95 => time.Value.ToString("0.0", CultureInfo.InvariantCulture),
        var time => time.Value.ToString("0", CultureInfo.InvariantCulture),
    };

    /// <summary>A round-trip time in milliseconds, with the tenth that matters to it.</summary>
    /// <param name="result">An object with a time.</param>
    /// <param name="property">The name of the property with the time.</param>
    public static string RoundTrip(object? result, string property) => Number(result, property) switch
    {
        null => "",
        var time when time < 0.995 => time.Value.ToString("0.00", CultureInfo.InvariantCulture),
        var time when time < 999.95 => time.Value.ToString("0.0", CultureInfo.InvariantCulture),
        var time => time.Value.ToString("0", CultureInfo.InvariantCulture),
    };

    /// <summary>The days that the certificate is valid for, years where they are many.</summary>
    /// <param name="result">The result of a probe.</param>
    public static string Days(object? result) => Number(result, nameof(WsEndpointResult.CertificateDaysLeft)) switch
    {
        null => "",
        var days when Math.Abs(days.Value) < 1000 => $"{days.Value.ToString("0", CultureInfo.InvariantCulture)} d",
        var days => $"{Math.Truncate(days.Value / 365.25).ToString("0", CultureInfo.InvariantCulture)} y",
    };

    /// <summary>As <see cref="Days"/>, in a colour where there are few left or none.</summary>
    /// <param name="result">The result of a probe.</param>
    /// <param name="few">What begins the colour of fewer than 14 days.</param>
    /// <param name="none">What begins the colour of an expired certificate.</param>
    /// <param name="reset">What ends a colour.</param>
    public static string ColoredDays(object? result, string few, string none, string reset)
    {
        string text = Days(result);
        return Number(result, nameof(WsEndpointResult.CertificateDaysLeft)) switch
        {
            null or >= DaysToWarn => text,
            < 0 => none + text + reset,
            _ => few + text + reset,
        };
    }

    /// <summary>The certificate in a line: subject, expiry and the days until then.</summary>
    /// <param name="result">The result of a probe.</param>
    public static string Certificate(object? result)
    {
        if (Text(result, nameof(WsEndpointResult.CertificateSubject)) is not { Length: > 0 } subject)
        {
            return "none";
        }

        double days = Number(result, nameof(WsEndpointResult.CertificateDaysLeft)) ?? 0;
        string expires = PSObject.AsPSObject(result).Properties[nameof(WsEndpointResult.CertificateExpires)]?.Value is DateTime time
            ? time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
            : "";
        string when = days < 0 ? $"expired {expires} ({-days:0} days ago)" : $"expires {expires} ({days:0} days)";
        return $"{TerminalText.Escape(subject)}, {when}";
    }

    /// <summary>The stages that were reached, in a line.</summary>
    /// <param name="result">The result of a probe.</param>
    public static string Timings(object? result)
    {
        List<string> stages = [];
        foreach ((string name, string property) in Stages)
        {
            if (Number(result, property) is not null)
            {
                stages.Add($"{name} {RoundTrip(result, property)} ms");
            }
        }

        return string.Join(", ", stages);
    }

    /// <summary>A text the server had a part in, with visible escapes.</summary>
    /// <param name="result">An object with a text.</param>
    /// <param name="property">The name of the property with the text.</param>
    public static string Plain(object? result, string property) => TerminalText.Escape(Text(result, property));

    /// <summary>How the probes went, where there was more than one.</summary>
    /// <param name="result">The result of a probe.</param>
    public static string Probes(object? result)
    {
        double probes = Number(result, nameof(WsEndpointResult.Probes)) ?? 0;
        double failed = Number(result, nameof(WsEndpointResult.ProbesFailed)) ?? 0;
        return failed > 0 && probes > 1 ? $"{probes:0}, {failed:0} failed" : $"{probes:0}";
    }

    private static readonly (string Name, string Property)[] Stages =
    [
        ("name", nameof(WsEndpointResult.NameResolutionMs)),
        ("TCP", nameof(WsEndpointResult.TcpMs)),
        ("TLS", nameof(WsEndpointResult.TlsMs)),
        ("upgrade", nameof(WsEndpointResult.UpgradeMs)),
        ("total", nameof(WsEndpointResult.TotalMs)),
    ];

    private static bool IsSuccess(object? result) =>
        LanguagePrimitives.IsTrue(PSObject.AsPSObject(result).Properties[nameof(WsEndpointResult.Success)]?.Value);

    // 101 is the answer to a handshake that succeeded, whatever failed afterwards.
    private static string? HttpStatus(object? result) =>
        Text(result, nameof(WsEndpointResult.HttpStatusCode)) is { } status and not "101" ? status : null;

    private static string? Text(object? result, string property) => PSObject.AsPSObject(result).Properties[property]?.Value?.ToString();

    private static double? Number(object? result, string property) =>
        PSObject.AsPSObject(result).Properties[property]?.Value is { } value
        && LanguagePrimitives.TryConvertTo(value, CultureInfo.InvariantCulture, out double number)
            ? number
            : null;
}
