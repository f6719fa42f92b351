using System.Management.Automation;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Connecting;

/// <summary>
/// Asks a script block whether a server certificate is acceptable. The question comes on a thread of the handshake, which has no
/// runspace; the script runs on the pipeline thread of the cmdlet that waits for the connect.
/// </summary>
internal sealed class CertificateScript : ICertificateJudge
{
    private IPipeline? _connecting;

    /// <param name="socket">The socket whose server is judged.</param>
    /// <param name="script">The script that judges.</param>
    public CertificateScript(MessageWebSocket socket, ScriptBlock script)
    {
        Script = script;
        socket.ServerCustomValidationRequested += OnRequested;
    }

    /// <inheritdoc/>
    public ScriptBlock Script { get; set; }

    /// <inheritdoc/>
    public IPipeline? Connecting
    {
        get => Volatile.Read(ref _connecting);
        set => Volatile.Write(ref _connecting, value);
    }

    /// <inheritdoc/>
    public Exception? Failure { get; private set; }

    private void OnRequested(MessageWebSocket sender, WebSocketServerCustomValidationRequestedEventArgs args)
    {
        if (Connecting is not { } cmdlet)
        {
            args.Reject();
            return;
        }

        Deferral deferral = args.GetDeferral();
        cmdlet.Post(() => Ask(args, deferral));
    }

    private void Ask(WebSocketServerCustomValidationRequestedEventArgs args, Deferral deferral)
    {
        // Rejected until the script has said otherwise, so that no way out of here accepts by accident.
        bool accepted = false;
        Failure = null;
        try
        {
            accepted = !Script
                .InvokeWithContext(
                    null,
                    [new PSVariable("_", args)],
                    args.ServerCertificate,
                    args.ServerIntermediateCertificates,
                    args.ServerCertificateErrors)
                .Any(static output => output?.BaseObject is false);
        }
        catch (RuntimeException e) when (e is not PipelineStoppedException)
        {
            Failure = e;
        }
        finally
        {
            if (!accepted)
            {
                args.Reject();
            }

            deferral.Complete();
        }
    }
}
