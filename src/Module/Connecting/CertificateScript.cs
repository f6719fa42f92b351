using System.Collections;
using System.Management.Automation;
using MessageWebSockets.PowerShell.Sessions;
using MessageWebSockets.PowerShell.Views;

namespace MessageWebSockets.PowerShell.Connecting;

/// <summary>
/// Asks a script block whether a server certificate is acceptable. The question comes on a thread of the handshake, which has no
/// runspace; the script runs on the pipeline thread of the cmdlet that waits for the connect.
/// </summary>
internal sealed class CertificateScript : ICertificateJudge
{
    private IPipeline? _connecting;
    private UserScript _script;

    /// <param name="socket">The socket whose server is judged.</param>
    /// <param name="script">The script that judges.</param>
    public CertificateScript(MessageWebSocket socket, ScriptBlock script)
    {
        _script = new UserScript(script, hearsErrors: true);
        socket.ServerCustomValidationRequested += OnRequested;
    }

    /// <inheritdoc/>
    public ScriptBlock Script
    {
        set => _script = new UserScript(value, hearsErrors: true);
    }

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
        cmdlet.Post(() => Ask(cmdlet, args, deferral));
    }

    private void Ask(IPipeline cmdlet, WebSocketServerCustomValidationRequestedEventArgs args, Deferral deferral)
    {
        // Rejected until the script has said otherwise, so that no way out of here accepts by accident.
        bool accepted = false;
        Failure = null;
        EscapedCertificate.Mark(args.ServerCertificate, args.ServerIntermediateCertificates);
        try
        {
            ScriptOutcome outcome = _script.RunToEnd(
                cmdlet, args, args.ServerCertificate, args.ServerIntermediateCertificates, args.ServerCertificateErrors);
            // A check that reports an error has not come to a yes, even where it went on.
            Failure = outcome.Failure ?? (outcome.Errors is [{ Exception: var first }, ..] ? first : null);
            outcome.ReportErrors(cmdlet);
            accepted = Failure is null && !outcome.Output.Any(IsNo);
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

    // Also in a list that the script kept together.
    private static bool IsNo(PSObject? output) =>
        IsFalse(output) || (output?.BaseObject is IList list && list.Cast<object?>().Any(IsFalse));

    private static bool IsFalse(object? output) =>
        (output is PSObject wrapped ? wrapped.BaseObject : output) is false or SwitchParameter { IsPresent: false };
}
