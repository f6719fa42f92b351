namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>What a check waited for did not come.</summary>
internal sealed class WireEndException(WireEnd end, string what) : Exception(what)
{
    public WireEnd End => end;

    /// <summary>The same, with what had been sent before it.</summary>
    public WireEndException After(string sent) => new(end, $"{sent}: {Message}");
}
