using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.Server;

/// <summary>Makes a connection that carries frames of one that a client has just begun: TLS, and the client's request.</summary>
internal sealed class ConnectionOpening
{
    /// <summary>How many clients of a server may be in it at once: whoever comes then waits in the queue of the system.</summary>
    public const int MostAtOnce = 64;

    private static readonly TimeSpan DrainPatience = TimeSpan.FromSeconds(1);

    private readonly ServerHandshake _handshake;
    private readonly SslServerAuthenticationOptions? _tls;

    /// <param name="handshake">Judges the requests.</param>
    /// <param name="certificate">The certificate for TLS; null for none.</param>
    public ConnectionOpening(ServerHandshake handshake, X509Certificate2? certificate)
    {
        _handshake = handshake;
        if (certificate is not null)
        {
            _tls = new SslServerAuthenticationOptions
            {
                // Offline: whoever starts a server does not expect it to fetch certificates.
                ServerCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true),
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            };
        }
    }

    /// <summary>Reads a request that can be agreed to; it still waits for its answer.</summary>
    /// <param name="transport">The TCP connection.</param>
    /// <param name="tryTakePlace">Takes the place of one connection.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ClientRefusedException">There is no connection to be had with this client, which has been told where that could
    /// be.</exception>
    public async Task<(Stream Stream, AcceptedUpgrade Upgrade)> OpenAsync(
        Socket transport, Func<bool> tryTakePlace, CancellationToken cancellationToken)
    {
        Stream stream = new NetworkStream(transport, ownsSocket: false);
        try
        {
            if (_tls is not null)
            {
                SslStream secure = new(stream);
                stream = secure;
                await secure.AuthenticateAsServerAsync(_tls, cancellationToken).ConfigureAwait(false);
            }

            return (stream, await _handshake.ReadAsync(stream, tryTakePlace, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception e)
        {
            // Whatever it was: TLS has many ways to say that a client does not speak the same.
            if (e is UpgradeRefusedException)
            {
                await DrainAsync(transport, stream, cancellationToken).ConfigureAwait(false);
            }

            await stream.DisposeAsync().ConfigureAwait(false);
            throw new ClientRefusedException(transport, e);
        }
    }

    // What the client still sends is read for a moment, lest a reset overtakes the answer.
    private static async Task DrainAsync(Socket transport, Stream stream, CancellationToken cancellationToken)
    {
        const int MostBytes = 64 * 1024;
        byte[] rest = new byte[4096];
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(DrainPatience);
        try
        {
            transport.Shutdown(SocketShutdown.Send);
            int drained = 0;
            int count;
            do
            {
                count = await stream.ReadAsync(rest, patience.Token).ConfigureAwait(false);
                drained += count;
            }
            while (count > 0 && drained < MostBytes);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
        }
    }
}
