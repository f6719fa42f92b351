using System.Diagnostics;

namespace MessageWebSockets.Tests.Reliability;

/// <summary>The working set of this process, looked at whenever the test finds it telling, against what it was at the start.</summary>
internal sealed class MemoryWatch : IDisposable
{
    private readonly Process _process = Process.GetCurrentProcess();
    private readonly long _atStart;

    public MemoryWatch()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        _atStart = Current();
        Peak = _atStart;
    }

    public long Peak { get; private set; }

    public long Growth => Peak - _atStart;

    public void Look() => Peak = Math.Max(Peak, Current());

    public void Dispose() => _process.Dispose();

    private long Current()
    {
        _process.Refresh();
        return _process.WorkingSet64;
    }
}
