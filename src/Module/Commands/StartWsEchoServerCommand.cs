using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using MessageWebSockets.PowerShell.Commands;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Messages;

namespace MessageWebSockets.PowerShell;

/// <summary>Starts a small WebSocket server in this process.</summary>
[Cmdlet(VerbsLifecycle.Start, "WsEchoServer")]
[OutputType(typeof(WebSocketEchoServer))]
public sealed class StartWsEchoServerCommand : WsCmdlet
{
    private const string DefaultName = "echo";

    /// <summary>The port; 0 for a free one.</summary>
    [Parameter(Position = 0)]
    [ValidateRange(0, IPEndPoint.MaxPort)]
    public int Port { get; set; }

    /// <summary>The address to listen on; without it this machine alone can connect.</summary>
    [Parameter]
    [ValidateNotNull]
    [ListenAddressTransform]
    [ArgumentCompleter(typeof(ListenAddressCompleter))]
    public IPAddress Address { get; set; } = IPAddress.Loopback;

    /// <summary>Send each message to every client, its sender included.</summary>
    [Parameter]
    public SwitchParameter Broadcast { get; set; }

    /// <summary>
    /// Answers each message, which is $_; the client that sent it is the argument. Strings are sent as text, bytes as binary.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    public ScriptBlock? Handler { get; set; }

    /// <summary>The subprotocols the server speaks.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(SubProtocolCompleter))]
    public string[]? SubProtocol { get; set; }

    /// <summary>The certificate for wss, with its private key.</summary>
    [Parameter]
    [ValidateNotNull]
    public X509Certificate2? Certificate { get; set; }

    /// <summary>The only path to serve; without it every path.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>The origins whose pages may connect from a browser, * for all; without it none may.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? AllowedOrigin { get; set; }

    /// <summary>The most bytes of a message.</summary>
    [Parameter]
    [ValidateRange(1, 1024 * 1024 * 1024)]
    public int MaxMessageSize { get; set; } = 16 * 1024 * 1024;

    /// <summary>The most clients at once.</summary>
    [Parameter]
    [ValidateRange(1, 65536)]
    public int MaxConnections { get; set; } = 256;

    /// <summary>How long a client may take for TLS and its request, in seconds.</summary>
    [Parameter]
    [ValidateTime(NotZero = true)]
    public double HandshakeTimeoutSeconds { get; set; } = 10;

    /// <summary>How long a client may be silent, in seconds; 0 for no limit.</summary>
    [Parameter]
    [ValidateTime]
    public double IdleTimeoutSeconds { get; set; }

    /// <summary>Compress messages where the client can.</summary>
    [Parameter]
    public SwitchParameter Compression { get; set; }

    /// <summary>A name for the server.</summary>
    [Parameter]
    [ValidateNames]
    public string? Name { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (Name is not null && Session.FindServer(Name) is not null)
        {
            ThrowTerminatingError(WsErrors.ServerNameInUse(Name));
        }

        if (Certificate is { HasPrivateKey: false })
        {
            ThrowTerminatingError(WsErrors.CertificateWithoutKey(Certificate.Subject));
        }

        HandlerScript? script = PrepareHandler();
        WebSocketEchoServer server;
        try
        {
            server = WebSocketEchoServer.Start(Options(script));
        }
        catch (ArgumentException e)
        {
            ThrowTerminatingError(WsErrors.InvalidSetting(e.Message, null));
            return;
        }
        catch (Exception e) when (WsErrors.CannotListen(e, new IPEndPoint(Address, Port)) is { } refusal)
        {
            ThrowTerminatingError(refusal);
            return;
        }

        // Also when it is stopped by its own methods.
        _ = server.Completion.ContinueWith(_ => script?.Dispose(), TaskScheduler.Default);
        if (!IPAddress.IsLoopback(Address))
        {
            this.WarnOrStop(
                server,
                $"The server {server} listens on {Address}, port {server.Port}: "
                + "everybody who reaches this machine there can connect to it, without authentication.");
        }

        Session.Add(server);
        Tell($"The server {server} listens on {Address}, port {server.Port}: {server.Uri}.");
        WriteObject(server);
    }

    private HandlerScript? PrepareHandler()
    {
        try
        {
            return Handler is null ? null : new HandlerScript(Handler, SessionState, Runspace.DefaultRunspace, MaxMessageSize);
        }
        catch (ItemNotFoundException e)
        {
            ThrowTerminatingError(WsErrors.InvalidSetting(e.Message, Handler));
            throw;
        }
    }

    private WebSocketEchoServerOptions Options(HandlerScript? script)
    {
        WebSocketEchoServerOptions options = new()
        {
            Name = Name ?? FreeName(),
            Address = Address,
            Port = Port,
            Path = Path,
            Certificate = Certificate,
            Broadcast = Broadcast,
            Handler = script is null ? null : script.AnswerAsync,
            MaxMessageSize = MaxMessageSize,
            MaxConnections = MaxConnections,
            HandshakeTimeout = Times.OfSeconds(HandshakeTimeoutSeconds),
            IdleTimeout = Times.Limit(IdleTimeoutSeconds),
            Compression = Compression ? new WebSocketDeflateOptions() : null,
        };
        foreach (string protocol in SubProtocol ?? [])
        {
            options.SubProtocols.Add(protocol);
        }

        foreach (string origin in AllowedOrigin ?? [])
        {
            options.AllowedOrigins.Add(origin);
        }

        return options;
    }

    private static string FreeName()
    {
        string name = DefaultName;
        for (int number = 2; Session.FindServer(name) is not null; number++)
        {
            name = $"{DefaultName}-{number}";
        }

        return name;
    }
}
