namespace MessageWebSockets.PowerShell.Terminal;

/// <summary>What a conversation needs of a terminal; a test has one without a screen.</summary>
internal interface ITerminal
{
    /// <summary>The columns of the window.</summary>
    public int Width { get; }

    /// <summary>Takes a key that was pressed, if there is one.</summary>
    public bool TryReadKey(out ConsoleKeyInfo key);

    /// <summary>Writes text and control sequences as they are.</summary>
    public void Write(string text);
}
