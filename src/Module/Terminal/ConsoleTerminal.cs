namespace MessageWebSockets.PowerShell.Terminal;

/// <summary>The terminal of this process. Ctrl+C is a key like others for as long as this object lives.</summary>
internal sealed class ConsoleTerminal : ITerminal, IDisposable
{
    private const int UsualWidth = 80;

    private readonly bool _treatedControlCAsInput = Console.TreatControlCAsInput;

    public ConsoleTerminal() => Console.TreatControlCAsInput = true;

    /// <summary>Whether there is one to type in and to see.</summary>
    public static bool IsThere => !Console.IsInputRedirected && !Console.IsOutputRedirected;

    public int Width
    {
        get
        {
            try
            {
                return Console.WindowWidth > 0 ? Console.WindowWidth : UsualWidth;
            }
            catch (IOException)
            {
                return UsualWidth;
            }
        }
    }

    public bool TryReadKey(out ConsoleKeyInfo key)
    {
        // Asked for rather than waited for: a thread that waits in ReadKey cannot be called back, and would take the next key from the
        // prompt.
        bool isThere = Console.KeyAvailable;
        key = isThere ? Console.ReadKey(intercept: true) : default;
        return isThere;
    }

    public void Write(string text) => Console.Out.Write(text);

    public void Dispose() => Console.TreatControlCAsInput = _treatedControlCAsInput;
}
