namespace MessageWebSockets.TestServer;

/// <summary>A server with one fault, and the address at which a client meets it.</summary>
public sealed class FaultServer : IAsyncDisposable
{
    private readonly RefusedPort? _refused;

    private FaultServer(Fault fault, RawServer? raw, RefusedPort? refused, Uri uri)
    {
        Fault = fault;
        Raw = raw;
        _refused = refused;
        Uri = uri;
    }

    public Fault Fault { get; }

    public Uri Uri { get; }

    /// <summary>The server behind the address; null where nobody listens.</summary>
    public RawServer? Raw { get; }

    /// <param name="fault">one of <see cref="Faults"/>, or of a test's own making</param>
    /// <param name="certificates">needed for a fault over TLS</param>
    public static FaultServer Start(Fault fault, TestCertificates? certificates = null)
    {
        ArgumentNullException.ThrowIfNull(fault);
        switch (fault.Transport)
        {
            case FaultTransport.Refused:
                RefusedPort refused = new();
                return new FaultServer(fault, null, refused, refused.Uri);
            case FaultTransport.Unresolvable:
                return new FaultServer(fault, null, null, new Uri("ws://no-such-host.invalid/"));
            case FaultTransport.Tls or FaultTransport.TlsUnderPlainUri when certificates is null:
                throw new ArgumentException($"The fault {fault.Name} needs certificates.", nameof(certificates));
            default:
                RawTlsOptions? tls = fault.Tls is null ? null : fault.Tls(certificates!);
                RawServer raw = RawServer.Start(fault.Script, new RawServerOptions { Tls = tls });
                return new FaultServer(fault, raw, null, AddressOf(fault, raw));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _refused?.Dispose();
        if (Raw is not null)
        {
            await Raw.DisposeAsync();
        }
    }

    private static Uri AddressOf(Fault fault, RawServer raw) => fault.Transport switch
    {
        FaultTransport.PlainUnderSecureUri => new Uri($"wss://localhost:{raw.EndPoint.Port}/"),
        FaultTransport.TlsUnderPlainUri => new Uri($"ws://127.0.0.1:{raw.EndPoint.Port}/"),
        _ => raw.Uri,
    };
}
