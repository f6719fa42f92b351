using System.Runtime.InteropServices;

namespace MessageWebSockets.Soak;

/// <summary>Memory outside of the managed heap: what compression and TLS take from the C library.</summary>
internal static class ProcessMemory
{
    /// <summary>
    /// Lets the C library give back what was freed. It keeps that for later in pools for each thread, and the working set of a process
    /// that compresses on many connections grows with them for hours without anything being lost.
    /// </summary>
    public static void GiveBack()
    {
        try
        {
            _ = Trim(0);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // Only the GNU library has it.
        }
    }

    [DllImport("libc", EntryPoint = "malloc_trim")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Trim(nuint keep);
}
