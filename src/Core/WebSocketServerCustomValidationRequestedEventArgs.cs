using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets;

/// <summary>
/// Asks a handler whether a server certificate is acceptable, after the default validation has passed and before any
/// byte of the HTTP request leaves (Windows.Networking.Sockets.WebSocketServerCustomValidationRequestedEventArgs).
/// </summary>
public sealed class WebSocketServerCustomValidationRequestedEventArgs : EventArgs
{
    private readonly TaskCompletionSource _allDeferralsCompleted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The raising code holds one count itself, so that the task cannot complete while handlers are still being called.
    private int _pending = 1;
    private volatile bool _rejected;

    internal WebSocketServerCustomValidationRequestedEventArgs(HandshakeFindings findings)
    {
        ServerCertificate = findings.ServerCertificates!.Server;
        ServerIntermediateCertificates = findings.ServerCertificates.Intermediates;
        ServerCertificateErrors = findings.ServerCertificateErrors;
        ServerCertificateErrorSeverity = findings.ServerCertificateErrorSeverity;
    }

    /// <summary>The certificate of the server.</summary>
    public X509Certificate2 ServerCertificate { get; }

    /// <summary>The certificates between the server's and the root.</summary>
    public IReadOnlyList<X509Certificate2> ServerIntermediateCertificates { get; }

    /// <summary>
    /// The errors of the chain that were ignored as <see cref="WebSocketControl.IgnorableServerCertificateErrors"/> says.
    /// </summary>
    public IReadOnlyList<ChainValidationResult> ServerCertificateErrors { get; }

    /// <summary>How severe these errors are together.</summary>
    public SocketSslErrorSeverity ServerCertificateErrorSeverity { get; }

    internal bool IsRejected => _rejected;

    /// <summary>Refuses the certificate: the connect fails with <see cref="WebErrorStatus.CertificateIsInvalid"/>.</summary>
    public void Reject() => _rejected = true;

    /// <summary>Makes the connect wait until the returned object is completed. Several can be taken; all are waited for.</summary>
    public Deferral GetDeferral()
    {
        Interlocked.Increment(ref _pending);
        return new Deferral(CompleteOne);
    }

    internal Task WhenHandledAsync()
    {
        CompleteOne();
        return _allDeferralsCompleted.Task;
    }

    private void CompleteOne()
    {
        if (Interlocked.Decrement(ref _pending) == 0)
        {
            _allDeferralsCompleted.TrySetResult();
        }
    }
}
