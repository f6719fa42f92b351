namespace MessageWebSockets.PowerShell.Loading;

/// <summary>A script was to make a message and made something else.</summary>
internal sealed class LoadMessageException(object? item) : Exception("The script made something that is no message.")
{
    /// <summary>What it made.</summary>
    public object? Item => item;
}
