using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Reporting;

/// <summary>What tells the course of a load: that of which there is some in its mode.</summary>
/// <param name="Property">The property of a second that counts it.</param>
/// <param name="Name">What it is called.</param>
internal sealed record LoadMeasure(string Property, string Name)
{
    public static readonly LoadMeasure Received = new(nameof(WsLoadSecond.Received), "messages received");
    private static readonly LoadMeasure s_sent = new(nameof(WsLoadSecond.Sent), "messages sent");
    private static readonly LoadMeasure s_answered = new(nameof(WsLoadSecond.Answered), "answers");

    /// <summary>The measure of a load.</summary>
    /// <param name="mode">Its mode; of several, or none, it is the first measure that there is some of.</param>
    /// <param name="seconds">Its seconds.</param>
    public static LoadMeasure Of(string mode, IReadOnlyCollection<PSObject> seconds) => mode switch
    {
        nameof(WsLoadMode.Echo) or nameof(WsLoadMode.Receive) => Received,
        nameof(WsLoadMode.Send) => s_sent,
        nameof(WsLoadMode.Ping) => s_answered with { Name = "pings answered" },
        nameof(WsLoadMode.Connect) => s_answered with { Name = "connects" },
        _ => new[] { Received, s_answered, s_sent }.FirstOrDefault(
            measure => seconds.Any(second => ReportValue.Number(second, measure.Property) > 0)) ?? Received,
    };
}
