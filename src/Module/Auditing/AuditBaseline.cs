using MessageWebSockets.Handshake;

namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>An ordinary handshake and its answer, which the others are compared with.</summary>
/// <param name="Request">The request.</param>
/// <param name="Answer">Its answer.</param>
/// <param name="Findings">What the connection found out.</param>
internal sealed record AuditBaseline(AuditRequest Request, AuditAnswer Answer, HandshakeFindings Findings);
