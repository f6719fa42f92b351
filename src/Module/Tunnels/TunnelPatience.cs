namespace MessageWebSockets.PowerShell.Tunnels;

/// <summary>How long the ends of a tunnel wait for each other.</summary>
internal sealed record TunnelPatience
{
    /// <summary>How often a side that still has to end shows that it lives to the one that has.</summary>
    public TimeSpan SignOfLife { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many such times a peer may give no sign of life after this side's end.</summary>
    public int SignsMissed { get; init; } = 3;

    /// <summary>How long a TCP client may take to close after it was told that the other end has.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(5);
}
