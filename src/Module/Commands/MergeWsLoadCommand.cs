using System.Management.Automation;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Loading;

namespace MessageWebSockets.PowerShell;

/// <summary>Adds up the summaries of loads that ran side by side, on several machines for example.</summary>
[Cmdlet(VerbsData.Merge, "WsLoad")]
[OutputType(typeof(WsLoadSummary))]
public sealed class MergeWsLoadCommand : WsCmdlet
{
    private readonly List<WsLoadSummary> _parts = [];

    /// <summary>The summaries: live ones, or what came back from a job, another machine, CLIXML or JSON.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [AllowNull]
    public PSObject? InputObject { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        // An array comes whole where it is given as an argument.
        foreach (object? item in LanguagePrimitives.GetEnumerable(InputObject) is { } items ? items.Cast<object?>() : [InputObject])
        {
            Add(item is null ? null : PSObject.AsPSObject(item));
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_parts.Count > 0)
        {
            WriteObject(LoadSummaries.Merge(_parts, HistogramLibrary.Factory));
        }
    }

    private void Add(PSObject? item)
    {
        try
        {
            WsLoadSummary part = LoadSummaries.Read(item ?? throw new FormatException("It is null."));

            // Here, so that one that is broken is named and the others are added up.
            HistogramLibrary.Factory.Decode(part.Histogram);
            HistogramLibrary.Factory.Decode(part.ConnectHistogram);
            if (_parts is [var first, ..] && LoadSummaries.Kind(part) is var kind && kind != LoadSummaries.Kind(first))
            {
                WriteError(WsErrors.LoadsDiffer(kind, LoadSummaries.Kind(first), item.BaseObject));
                return;
            }

            _parts.Add(part);
        }
        catch (FormatException e)
        {
            WriteError(WsErrors.NoLoadSummary(item?.BaseObject, e.Message));
        }
    }
}
