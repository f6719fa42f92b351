namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>How much a finding matters.</summary>
internal enum AuditSeverity
{
    Low,
    Medium,
    High,
}
