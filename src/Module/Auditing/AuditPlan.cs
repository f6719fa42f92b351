namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>The bounds of an audit.</summary>
internal sealed record AuditPlan
{
    /// <summary>How long a server may take for a connect or an answer.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>How long the end of a connection is waited for where the server answered what was sent behind a fault.</summary>
    public TimeSpan SecondThought { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Origins whose pages may connect.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>The largest message that is sent, in bytes.</summary>
    public required int MaxProbeSize { get; init; }

    /// <summary>The most connections that are opened at once to find a limit.</summary>
    public required int MaxConnections { get; init; }

    /// <summary>How long a connection is left silent.</summary>
    public required TimeSpan IdleTime { get; init; }
}
