using System.Management.Automation;
using MessageWebSockets.PowerShell.Views;

namespace MessageWebSockets.PowerShell.Probing;

/// <summary>The progress bar of a run over many endpoints; while their list still comes in, there is no end to measure by.</summary>
internal sealed class ProbeProgress(Cmdlet cmdlet)
{
    private const string Activity = "Test-WsEndpoint";

    private readonly TransferProgress _growing = new(cmdlet, Activity, 0);
    private TransferProgress? _known;
    private long _total;
    private long _up;

    /// <summary>Says that the list is complete.</summary>
    public void EndOfInput(long total)
    {
        _total = total;
        _known = new TransferProgress(cmdlet, Activity, total);
    }

    public void Report(long done, int underWay, bool isUp)
    {
        _up += isUp ? 1 : 0;
        string status = $"{done}{(_known is null ? "" : $" of {_total}")} endpoints: {_up} ok, {done - _up} not; {underWay} under way";
        (_known ?? _growing).Report(done, status);
    }

    public void Complete()
    {
        _growing.Complete();
        _known?.Complete();
    }
}
