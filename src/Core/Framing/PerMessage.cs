using System.Runtime.CompilerServices;

namespace MessageWebSockets.Framing;

/// <summary>How methods are compiled that run for each message of a flood.</summary>
internal static class PerMessage
{
    /// <summary>
    /// In full when they are first called. What the runtime compiles quickly at first takes several times as long, and where all of a
    /// process runs on one core it goes on with that for a second and more. They are few: the package's code that is compiled ahead of time
    /// has none of them.
    /// </summary>
    public const MethodImplOptions CompiledAtOnce = MethodImplOptions.AggressiveOptimization;
}
