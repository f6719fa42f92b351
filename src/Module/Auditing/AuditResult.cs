namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>What a check came to, in the order in which it concerns a reader.</summary>
internal enum AuditResult
{
    /// <summary>The server did what a specification forbids, or did not do what it demands.</summary>
    Failed,

    /// <summary>The server did what a specification advises against, or what is not wise.</summary>
    Warning,

    /// <summary>What was seen allows no conclusion.</summary>
    Inconclusive,

    Passed,

    /// <summary>There is nothing to check here.</summary>
    NotApplicable,
}
