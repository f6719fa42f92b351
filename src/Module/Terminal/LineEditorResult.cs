namespace MessageWebSockets.PowerShell.Terminal;

/// <summary>What a key did.</summary>
internal enum LineEditorResult
{
    /// <summary>Nothing, or it changed the line or the cursor.</summary>
    Edited,

    /// <summary>The line is complete.</summary>
    Entered,

    /// <summary>The user wants to leave.</summary>
    Ended,

    /// <summary>The screen is to be cleared.</summary>
    Cleared,
}
