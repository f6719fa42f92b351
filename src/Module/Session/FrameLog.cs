using System.Collections.Immutable;

namespace MessageWebSockets.PowerShell;

/// <summary>
/// Brings the frames of a socket onto the debug stream of the cmdlets that run with -Debug. Every socket the module makes has
/// one: a trace can only be set before the connect, and the wish to see frames comes later.
/// </summary>
internal sealed class FrameLog : IProgress<FrameTraceEntry>
{
    private ImmutableArray<WsCmdlet> _readers = [];

    public void Join(WsCmdlet reader) => ImmutableInterlocked.Update(ref _readers, static (readers, r) => readers.Add(r), reader);

    public void Leave(WsCmdlet reader) => ImmutableInterlocked.Update(ref _readers, static (readers, r) => readers.Remove(r), reader);

    public void Report(FrameTraceEntry value)
    {
        foreach (WsCmdlet reader in _readers)
        {
            reader.Post(() => reader.WriteDebug(value.ToString()));
        }
    }
}
