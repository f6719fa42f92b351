namespace MessageWebSockets.PowerShell;

/// <summary>
/// What one check of one server came to. Flat, of plain values: it goes through Export-Csv, ConvertTo-Json, jobs and remoting as it is.
/// </summary>
public sealed class WsServerFinding
{
    internal WsServerFinding()
    {
    }

    /// <summary>The address as it was given; without user name and password.</summary>
    public string Uri { get; internal set; } = "";

    /// <summary>The name that came with the address; null if none did.</summary>
    public string? Name { get; internal set; }

    /// <summary>The name of the check.</summary>
    public string Check { get; internal set; } = "";

    /// <summary>Passed, Failed, Warning, NotApplicable or Inconclusive.</summary>
    public string Result { get; internal set; } = "";

    /// <summary>How much it matters that it failed, or is warned of: high, medium or low; else null.</summary>
    public string? Severity { get; internal set; }

    /// <summary>What was sent and what came, on one line.</summary>
    public string Evidence { get; internal set; } = "";

    /// <summary>Where it is written what a server has to do: a section of an RFC, a number of OWASP ASVS 5.0.</summary>
    public string Reference { get; internal set; } = "";

    /// <summary>What to do about it, where the check failed or warns; else null.</summary>
    public string? Remedy { get; internal set; }

    /// <summary>How far the check goes: Passive, Standard or Intrusive.</summary>
    public string Level { get; internal set; } = "";

    /// <summary>When the audit of the server began, in local time.</summary>
    public DateTime TestedAt { get; internal set; }

    /// <summary>The check, its result and what was seen.</summary>
    public override string ToString() => $"{Check} {Result}: {Evidence}";
}
