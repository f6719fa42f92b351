using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace MessageWebSockets.TestServer;

/// <summary>All servers of the program together, and the line of JSON that tells where they are.</summary>
internal sealed class EverythingServer : IAsyncDisposable
{
    // The URIs and the PEM text are for a parser on the other end of a pipe, not for a page of HTML.
    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // "good" is one that does what the marks of NetworkRelay say, and nothing else; the last three cut a connection in its handshake.
    private static readonly Dictionary<string, NetworkConditions> s_networks = new()
    {
        ["good"] = new(),
        ["far"] = new() { Latency = TimeSpan.FromMilliseconds(30), Jitter = TimeSpan.FromMilliseconds(30) },
        ["narrow"] = new() { BytesPerSecond = 50_000, ChunkSize = 1000 },
        ["byteByByte"] = new() { ChunkSize = 1 },
        ["silentHandshake"] = new() { AnswerLimit = 40, Cut = NetworkCut.Silence },
        ["endedHandshake"] = new() { AnswerLimit = 40, Cut = NetworkCut.End },
        ["resetHandshake"] = new() { AnswerLimit = 40, Cut = NetworkCut.Reset },
    };

    private readonly TestCertificates _certificates = new();
    private readonly List<FaultServer> _faults = [];
    private readonly Dictionary<string, NetworkRelay> _networks = [];
    private readonly ProgramOptions _options;
    private TestWebSocketServer? _kestrel;
    private RawServer? _raw;
    private RawServer? _rawTls;
    private HttpConnectProxy? _proxy;
    private Socks5Proxy? _socks;

    private EverythingServer(ProgramOptions options) => _options = options;

    public static async Task<EverythingServer> StartAsync(ProgramOptions options)
    {
        EverythingServer server = new(options);
        try
        {
            await server.StartPartsAsync();
            return server;
        }
        catch (Exception exception) when (exception is IOException or SocketException)
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// "faults" has the address of every fault by name: below "raw" for most, at a port of its own for those that need their
    /// own transport. "networks" has the address of the ws endpoints by way of each bad network.
    /// </summary>
    public string Describe() => JsonSerializer.Serialize(
        new
        {
            pid = Environment.ProcessId,
            ws = _kestrel?.Uri,
            wss = _kestrel?.SecureUri,
            raw = _raw?.Uri,
            rawTls = _rawTls?.Uri,
            caCertificatePem = _options.Tls ? _certificates.Root.ExportCertificatePem() : null,
            clientCertificatePem = _options.Tls ? _certificates.Client.ExportCertificatePem() : null,
            clientKeyPem = _options.Tls ? ClientKey() : null,
            proxy = _proxy?.Uri,
            socks = _socks?.Uri,
            unix = _options.UnixSocketPath,
            faults = FaultAddresses(),
            networks = _networks.ToDictionary(network => network.Key, network => network.Value.Uri),
        },
        s_json);

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable? part in (IAsyncDisposable?[])
        [
            .. _networks.Values, .. _faults, _proxy, _socks, _rawTls, _raw, _kestrel, _certificates,
        ])
        {
            if (part is not null)
            {
                await part.DisposeAsync();
            }
        }
    }

    private async Task StartPartsAsync()
    {
        _kestrel = await TestWebSocketServer.StartAsync(new TestServerOptions
        {
            Certificate = _options.Tls ? _certificates.Server : null,
            UnixSocketPath = _options.UnixSocketPath,
            Port = _options.Port,
            Hub = _options.Hub,
        });
        if (_options.Raw)
        {
            _raw = RawServer.Start(RawRouter.RouteAsync, new RawServerOptions { CaptureLimit = 0, KeepConnections = 0 });
            StartFaults();
        }

        if (_options.Raw && _options.Tls)
        {
            _rawTls = RawServer.Start(
                RawRouter.RouteAsync,
                new RawServerOptions { CaptureLimit = 0, KeepConnections = 0, Tls = new RawTlsOptions(_certificates.Server) });
        }

        if (_options.Proxy)
        {
            _proxy = HttpConnectProxy.Start();
            _socks = Socks5Proxy.Start();
        }

        if (_options.Network)
        {
            foreach ((string name, NetworkConditions conditions) in s_networks)
            {
                _networks[name] = NetworkRelay.Start(_kestrel.Uri, conditions);
            }
        }
    }

    private void StartFaults()
    {
        foreach (Fault fault in Faults.All.Where(fault => fault.Transport != FaultTransport.Plain && (fault.Tls is null || _options.Tls)))
        {
            _faults.Add(FaultServer.Start(fault, _certificates));
        }
    }

    private Dictionary<string, Uri> FaultAddresses()
    {
        Dictionary<string, Uri> addresses = _faults.ToDictionary(server => server.Fault.Name, server => server.Uri);
        if (_raw is not null)
        {
            foreach (Fault fault in Faults.All.Where(fault => fault.Transport == FaultTransport.Plain))
            {
                addresses[fault.Name] = new Uri(_raw.Uri, fault.Name);
            }
        }

        return addresses;
    }

    private string ClientKey()
    {
        using ECDsa key = _certificates.Client.GetECDsaPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem();
    }
}
