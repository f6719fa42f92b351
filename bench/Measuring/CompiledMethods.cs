using System.Diagnostics.Tracing;
using System.Runtime.CompilerServices;

namespace MessageWebSockets.Bench;

/// <summary>
/// Counts the methods that the runtime compiles for the first time, of types whose name begins as told; FirstMessage.ps1 makes one.
/// </summary>
public sealed class CompiledMethods : EventListener
{
    private const string Runtime = "Microsoft-Windows-DotNETRuntime";
    private const EventKeywords Compiling = (EventKeywords)0x10;
    private const uint Jitted = 0x8;

    // Of the flags, bits 7 to 9 are the tier; these two replace code that was counted.
    private const uint OptimizedTier1 = 4;
    private const uint OptimizedTier1Osr = 6;
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    private readonly string _prefix;
    private readonly ManualResetEventSlim _isComplete = new();
    private int _count;

    /// <summary>Begins to count.</summary>
    public CompiledMethods(string prefix)
    {
        _prefix = prefix;
        foreach (EventSource source in EventSource.GetSources())
        {
            if (source.Name == Runtime)
            {
                EnableEvents(source, EventLevel.Verbose, Compiling);
            }
        }
    }

    /// <summary>Waits for what was compiled so far to be told, and gives the number.</summary>
    public int Finish()
    {
        Mark();
        return _isComplete.Wait(LongestDelay)
            ? _count
            : throw new TimeoutException("The runtime did not tell of a method that it compiled.");
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _isComplete.Dispose();
    }

    /// <inheritdoc/>
    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        // The runtime's MethodLoadVerbose_V1 and _V2: MethodFlags, MethodNamespace and MethodName are the 6th to the 8th of its payload.
        if (eventData?.EventName?.StartsWith("MethodLoadVerbose", StringComparison.Ordinal) != true
            || eventData.Payload is not [_, _, _, _, _, uint flags, string type, string method, ..]
            || (flags & Jitted) == 0)
        {
            return;
        }

        if (type == typeof(CompiledMethods).FullName)
        {
            if (method == nameof(Mark))
            {
                _isComplete.Set();
            }
        }
        else if (type.StartsWith(_prefix, StringComparison.Ordinal) && ((flags >> 7) & 7) is not (OptimizedTier1 or OptimizedTier1Osr))
        {
            _count++;
        }
    }

    // Compiled when it is called: what was compiled before is told before.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Mark()
    {
    }
}
