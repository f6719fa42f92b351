namespace MessageWebSockets.PowerShell.Loading;

/// <summary>A script was to make a message and made something else.</summary>
internal sealed class LoadMessageException(object? item, int count) : Exception("The script made something that is no message.")
{
    /// <summary>What it made.</summary>
    public object? Item => item;

    /// <summary>Of how many objects that consists.</summary>
    public int Count => count;
}
