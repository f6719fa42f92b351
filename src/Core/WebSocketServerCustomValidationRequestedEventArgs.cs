using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets;

/// <summary>
/// Asks a handler whether a server certificate is acceptable, after the default validation has passed and before any
/// byte of the HTTP request leaves (Windows.Networking.Sockets.WebSocketServerCustomValidationRequestedEventArgs).
/// </summary>
public sealed class WebSocketServerCustomValidationRequestedEventArgs : EventArgs
{
    private const int Accepted = 1;
    private const int Rejected = 2;

    // Whether the certificate is accepted; false as soon as somebody refuses it, true once all are done with it.
    private readonly TaskCompletionSource<bool> _verdict = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The raising code holds one count itself, so that nothing is accepted while handlers are still being called.
    private int _pending = 1;
    private int _decision;

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

    /// <summary>
    /// Refuses the certificate: the connect fails with <see cref="WebErrorStatus.CertificateIsInvalid"/>, whatever deferrals are open.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// E_ILLEGAL_METHOD_CALL 0x8000000E: the certificate was accepted already. A handler that awaits takes a deferral before it does.
    /// </exception>
    public void Reject()
    {
        if (Interlocked.CompareExchange(ref _decision, Rejected, 0) == Accepted)
        {
            throw TooLate();
        }

        _verdict.TrySetResult(false);
    }

    /// <summary>Makes the connect wait until the returned object is completed. Several can be taken; all are waited for.</summary>
    /// <exception cref="InvalidOperationException">
    /// E_ILLEGAL_METHOD_CALL 0x8000000E: the certificate was judged already. A handler that awaits takes its deferral before it does.
    /// </exception>
    public Deferral GetDeferral()
    {
        while (Volatile.Read(ref _pending) is > 0 and int pending)
        {
            if (Interlocked.CompareExchange(ref _pending, pending + 1, pending) == pending)
            {
                return new Deferral(CompleteOne);
            }
        }

        throw TooLate();
    }

    /// <summary>Says that every handler was called.</summary>
    /// <returns>Whether the certificate is accepted, once nobody has a deferral any more or somebody has refused it.</returns>
    internal Task<bool> JudgedAsync()
    {
        CompleteOne();
        return _verdict.Task;
    }

    private static InvalidOperationException TooLate() => ContractError.IllegalMethodCall(
        "The certificate was judged already. A handler that awaits has to call GetDeferral before its first await.");

    private void CompleteOne()
    {
        if (Interlocked.Decrement(ref _pending) == 0 && Interlocked.CompareExchange(ref _decision, Accepted, 0) == 0)
        {
            _verdict.TrySetResult(true);
        }
    }
}
