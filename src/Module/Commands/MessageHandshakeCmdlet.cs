using System.Management.Automation;
using MessageWebSockets.PowerShell.Connecting;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell;

/// <summary>What cmdlets that connect for messages have beside the settings of the handshake.</summary>
public abstract class MessageHandshakeCmdlet : HandshakeSettingsCmdlet
{
    // Half an hour of typing would not fill it, and a hostile server cannot fill the memory of the session.
    internal const uint DefaultMaxMessageSize = 64 * 1024 * 1024;

    /// <summary>Judges the server's certificate: gets the certificate, the chain and its errors; $false or a throw rejects.</summary>
    [Parameter]
    [ValidateNotNull]
    public ScriptBlock? CertificateValidation { get; set; }

    /// <summary>The largest message to accept, in bytes.</summary>
    [Parameter]
    [ValidateRange(1u, uint.MaxValue)]
    public uint MaxMessageSize { get; set; } = DefaultMaxMessageSize;

    private protected override void ApplySettings(MessageWebSocket socket, bool isNew)
    {
        base.ApplySettings(socket, isNew);
        if (isNew || IsBound(nameof(MaxMessageSize)))
        {
            socket.Control.MaxMessageSize = MaxMessageSize;
        }

        When(nameof(CertificateValidation), () =>
        {
            SocketExtras extras = SocketExtras.Of(socket);
            extras.CertificateJudge ??= new CertificateScript(socket, CertificateValidation!);
            extras.CertificateJudge.Script = CertificateValidation!;
        });
    }
}
