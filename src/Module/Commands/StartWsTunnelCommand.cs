using System.Management.Automation;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using MessageWebSockets.PowerShell.Commands;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Connecting;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Sessions;
using MessageWebSockets.PowerShell.Tunnels;

namespace MessageWebSockets.PowerShell;

/// <summary>Starts a tunnel between TCP and WebSockets in this process.</summary>
[Cmdlet(VerbsLifecycle.Start, "WsTunnel", DefaultParameterSetName = ToWebSocketSet)]
[OutputType(typeof(WsTunnel))]
public sealed class StartWsTunnelCommand : HandshakeSettingsCmdlet
{
    private const string ToWebSocketSet = "ToWebSocket";
    private const string ToTcpSet = "ToTcp";
    private const string DefaultName = "tunnel";
    private const string Binary = "binary";
    private const string Base64 = "base64";

    // What of the settings of a client has a meaning for a server.
    private static readonly string[] OfBothEnds =
        [nameof(SubProtocol), nameof(Certificate), nameof(CertificateKey), nameof(CertificatePassword)];

    /// <summary>The address of the WebSocket, ws:// or wss://, to which each TCP connection leads.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ToWebSocketSet)]
    [EndpointTransform]
    [ValidateNotNull]
    public Uri? Uri { get; set; }

    /// <summary>The TCP port to listen on; 0 for a free one.</summary>
    [Parameter(Position = 1, ParameterSetName = ToWebSocketSet)]
    [ValidateRange(0, IPEndPoint.MaxPort)]
    public int LocalPort { get; set; }

    /// <summary>The TCP service, host:port, to which each WebSocket client leads.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ToTcpSet)]
    [ValidateNotNullOrEmpty]
    public string? Target { get; set; }

    /// <summary>The port for WebSocket clients; 0 for a free one.</summary>
    [Parameter(ParameterSetName = ToTcpSet)]
    [ValidateRange(0, IPEndPoint.MaxPort)]
    public int ListenPort { get; set; }

    /// <summary>The origins whose pages may connect from a browser, * for all; without it none may.</summary>
    [Parameter(ParameterSetName = ToTcpSet)]
    [ValidateNotNullOrEmpty]
    public string[]? AllowedOrigin { get; set; }

    /// <summary>The only path to serve; without it every path.</summary>
    [Parameter(ParameterSetName = ToTcpSet)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>How long a client may take for TLS and its request, and the target to be reached, in seconds.</summary>
    [Parameter(ParameterSetName = ToTcpSet)]
    [ValidateTime(NotZero = true)]
    public double HandshakeTimeoutSeconds { get; set; } = 10;

    /// <summary>How long a connect to the WebSocket may take, in seconds; 0 for no limit.</summary>
    [Parameter(ParameterSetName = ToWebSocketSet)]
    [ValidateTime]
    public double ConnectionTimeoutSeconds { get; set; } = 30;

    /// <summary>How often to give a sign of life, in seconds; 0 for never.</summary>
    [Parameter(ParameterSetName = ToWebSocketSet)]
    [ValidateTime]
    public double KeepAliveIntervalSeconds { get; set; } = 30;

    /// <summary>How long the server may leave a keep-alive ping unanswered, in seconds; 0 for no limit.</summary>
    [Parameter(ParameterSetName = ToWebSocketSet)]
    [ValidateTime]
    public double KeepAliveTimeoutSeconds { get; set; } = 15;

    /// <summary>The address to listen on; without it this machine alone can connect.</summary>
    [Parameter]
    [ValidateNotNull]
    [ListenAddressTransform]
    [ArgumentCompleter(typeof(ListenAddressCompleter))]
    public IPAddress LocalAddress { get; set; } = IPAddress.Loopback;

    /// <summary>The most connections at once.</summary>
    [Parameter]
    [ValidateRange(1, 65536)]
    public int MaxConnections { get; set; } = 1024;

    /// <summary>A name for the tunnel.</summary>
    [Parameter]
    [ValidateNames]
    public string? Name { get; set; }

    private bool LeadsToTcp => ParameterSetName == ToTcpSet;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        CheckParameters();
        if (Name is not null && Session.FindTunnel(Name) is not null)
        {
            ThrowTerminatingError(WsErrors.TunnelNameInUse(Name));
        }

        if (SubProtocol?.Contains(Base64, StringComparer.Ordinal) == true)
        {
            ThrowTerminatingError(WsErrors.InvalidSetting(
                "A tunnel does not speak base64, which sends text of four characters for three bytes. "
                + "Use -SubProtocol binary, or leave it out.",
                SubProtocol));
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        WsTunnel? tunnel;
        IPEndPoint listen = new(LocalAddress, LeadsToTcp ? ListenPort : LocalPort);
        try
        {
            tunnel = LeadsToTcp ? StartToTcp() : StartToWebSocket(listen);
        }
        catch (ArgumentException e)
        {
            ThrowTerminatingError(WsErrors.InvalidSetting(LibraryText.WithoutParameterName(e), null));
            return;
        }
        catch (Exception e)
            when (WsErrors.CannotListen(e, listen, LeadsToTcp ? "-ListenPort" : "-LocalPort", "-LocalAddress") is { } refusal)
        {
            ThrowTerminatingError(refusal);
            return;
        }

        if (tunnel is null)
        {
            return;
        }

        if (!IPAddress.IsLoopback(LocalAddress))
        {
            this.WarnOrStop(
                tunnel,
                $"The tunnel {tunnel} listens on {tunnel.LocalEndPoint}: everybody who reaches this machine there can use it, "
                + $"without authentication, and gets to {tunnel.To}.");
        }

        Session.Add(tunnel);
        Tell($"The tunnel {tunnel} leads from {tunnel.From} to {tunnel.To}.");
        WriteObject(tunnel);
    }

    private WsTunnel? StartToWebSocket(IPEndPoint listen)
    {
        if (WsUri.Check(Uri) is { } problem)
        {
            ThrowTerminatingError(problem);
        }

        ConnectArguments.CheckedProtocols(SubProtocol ?? []);
        using MessageWebSocket settings = new();
        if (Apply(settings, isNew: true, Uri) is { } refusal)
        {
            ThrowTerminatingError(refusal);
        }

        SocketExtras extras = SocketExtras.Of(settings);
        if (extras.CarriesCredentials && !extras.AllowsUnencryptedAuthentication && Uri!.Scheme == System.Uri.UriSchemeWs)
        {
            ThrowTerminatingError(WsErrors.UnencryptedAuthentication(Uri));
        }

        StreamWebSocket prototype = StreamWebSocket.With(settings);
        prototype.Control.ConnectTimeout = Times.OfSeconds(ConnectionTimeoutSeconds);
        prototype.Control.DesiredUnsolicitedPongInterval = Times.OfSeconds(KeepAliveIntervalSeconds);
        prototype.Control.KeepAliveTimeout = Times.OfSeconds(KeepAliveTimeoutSeconds);

        // The other end answers a close when it has sent everything, however long that takes.
        prototype.Control.CloseTimeout = TimeSpan.Zero;
        return WsTunnel.ToWebSocket(Name ?? FreeName(), listen, Uri!, prototype, MaxConnections);
    }

    private WsTunnel? StartToTcp()
    {
        foreach (string given in MyInvocation.BoundParameters.Keys)
        {
            if (typeof(HandshakeSettingsCmdlet).GetProperty(given)?.DeclaringType == typeof(HandshakeSettingsCmdlet)
                && !OfBothEnds.Contains(given))
            {
                ThrowTerminatingError(WsErrors.ParameterConflict(nameof(Target), given));
            }
        }

        if (TunnelTcp.Target(Target!) is not { } target)
        {
            ThrowTerminatingError(WsErrors.InvalidTarget(Target!));
            return null;
        }

        X509Certificate2? certificate = LoadCertificate();
        if (certificate is { HasPrivateKey: false })
        {
            ThrowTerminatingError(WsErrors.CertificateWithoutKey(certificate.Subject));
        }

        WebSocketEchoServerOptions options = new()
        {
            Name = Name ?? FreeName(),
            Address = LocalAddress,
            Port = ListenPort,
            Path = Path,
            Certificate = certificate,
            MaxConnections = MaxConnections,
            HandshakeTimeout = Times.OfSeconds(HandshakeTimeoutSeconds),
        };
        foreach (string protocol in SubProtocol ?? [Binary])
        {
            options.SubProtocols.Add(protocol);
        }

        foreach (string origin in AllowedOrigin ?? [])
        {
            options.AllowedOrigins.Add(origin);
        }

        return WsTunnel.ToTcp(target, options);
    }

    private static string FreeName()
    {
        string name = DefaultName;
        for (int number = 2; Session.FindTunnel(name) is not null; number++)
        {
            name = $"{DefaultName}-{number}";
        }

        return name;
    }
}
