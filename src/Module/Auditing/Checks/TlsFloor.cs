namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>
/// Offers TLS 1.1 at most. The offer is written here byte by byte: the TLS of this machine would not make it any more. What comes back is
/// read no further than its first record.
/// </summary>
internal sealed class TlsFloor() : AuditCheck(
    "tls-floor",
    WsAuditLevel.Standard,
    AuditSeverity.Medium,
    "ASVS 5.0 12.1.1, RFC 8996",
    "Allow TLS 1.2 and 1.3 alone.")
{
    private const int FirstRecord = 7;
    private const byte AlertRecord = 21;
    private const byte HandshakeRecord = 22;
    private const byte ServerHello = 2;
    private const int RecordHeader = 5;
    private const int VersionOffset = RecordHeader + 4;

    public override bool NeedsConnection => false;

    public override async Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        if (target.Uri.Scheme != Uri.UriSchemeWss)
        {
            return Verdict.NotApplicable("the address is no wss");
        }

        Uri below = new UriBuilder(target.Uri) { Scheme = Uri.UriSchemeWs, Port = target.Uri.Port }.Uri;
        using AuditConnection connection = await target.OpenAsync(below, target.Settings, cancellationToken).ConfigureAwait(false);
        await connection.SendAsync(OldHello.Create(target.Uri.IdnHost), cancellationToken).ConfigureAwait(false);
        byte[] record;
        try
        {
            record = await connection.ReadSomeAsync(FirstRecord, cancellationToken).ConfigureAwait(false);
            if (record[0] == HandshakeRecord && record.Length < VersionOffset + 2)
            {
                record = await connection.ReadSomeAsync(VersionOffset + 2, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (WireEndException e)
        {
            return Verdict.Inconclusive($"an offer of TLS 1.1: {e.Message}");
        }

        return record[0] switch
        {
            HandshakeRecord when record[RecordHeader] == ServerHello && record[VersionOffset + 1] <= 2 =>
                Verdict.Failed($"an offer of TLS 1.1 was answered with a ServerHello for TLS 1.{record[VersionOffset + 1] - 1}"),
            AlertRecord => Verdict.Passed($"an offer of TLS 1.1 was refused with the alert {record[RecordHeader + 1]}"),
            _ => Verdict.Inconclusive("an offer of TLS 1.1 was answered with what is neither a ServerHello for it nor an alert"),
        };
    }
}
