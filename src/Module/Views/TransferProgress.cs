using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Views;

/// <summary>The progress bar of something long: not shown before a second has passed, and then five times a second.</summary>
internal sealed class TransferProgress(Cmdlet cmdlet, string activity, long total)
{
    private const int Patience = 1000;
    private const int Interval = 200;
    private const int ActivityId = 1;

    private readonly long _started = Environment.TickCount64;
    private long _next = Environment.TickCount64 + Patience;
    private bool _isShown;
    private bool _isComplete;

    /// <summary>Shows how far it is, when it is time to.</summary>
    /// <param name="done">How much of <c>total</c> is done.</param>
    /// <param name="status">What to show; the bytes where it is null.</param>
    public void Report(long done, string? status = null)
    {
        long now = Environment.TickCount64;
        if (now < _next || _isComplete)
        {
            return;
        }

        _next = now + Interval;
        _isShown = true;
        ProgressRecord record = new(ActivityId, activity, status ?? $"{ByteCount.Of(done)} of {ByteCount.Of(total)}");
        if (total > 0)
        {
            record.PercentComplete = (int)Math.Clamp(done * 100 / total, 0, 100);
            record.SecondsRemaining = done > 0 && done < total
                ? (int)Math.Min((now - _started) * (total - done) / done / 1000, int.MaxValue)
                : -1;
        }

        cmdlet.WriteProgress(record);
    }

    /// <summary>Takes the bar away.</summary>
    public void Complete()
    {
        // What is posted too late must not bring the bar back.
        _isComplete = true;
        if (_isShown)
        {
            cmdlet.WriteProgress(new ProgressRecord(ActivityId, activity, "Done") { RecordType = ProgressRecordType.Completed });
        }
    }
}
