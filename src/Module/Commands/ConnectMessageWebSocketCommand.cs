using System.Management.Automation;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Connecting;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell;

/// <summary>Opens a WebSocket connection.</summary>
[Cmdlet(VerbsCommunications.Connect, "MessageWebSocket", DefaultParameterSetName = UriSet)]
[OutputType(typeof(MessageWebSocket))]
public sealed class ConnectMessageWebSocketCommand : ConnectionSettingsCmdlet
{
    private const string UriSet = "Uri";
    private const string SocketSet = "Socket";

    /// <summary>The address, ws:// or wss://.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = UriSet)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = SocketSet)]
    [EndpointTransform]
    [ValidateNotNull]
    public Uri? Uri { get; set; }

    /// <summary>A socket of New-MessageWebSocket to connect, in place of a new one.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = SocketSet)]
    [ValidateNotNull]
    [SocketNameTransform]
    [ArgumentCompleter(typeof(SocketNameCompleter))]
    public MessageWebSocket? Socket { get; set; }

    /// <summary>The name of a variable to keep the socket in, without the $.</summary>
    [Parameter]
    [Alias("SV")]
    [ValidateNotNullOrEmpty]
    public string? SessionVariable { get; set; }

    /// <summary>Connect again when the connection is lost, as soon as a cmdlet needs it.</summary>
    [Parameter]
    public SwitchParameter AutoReconnect { get; set; }

    /// <summary>How often to try again after a failed attempt, at the first connect too when it is given.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int MaximumRetryCount { get; set; } = 10;

    /// <summary>The delay of the first retry in seconds; it doubles each time up to a minute.</summary>
    [Parameter]
    [ValidateTime(NotZero = true)]
    public double RetryIntervalSec { get; set; } = 1;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        CheckParameters();
        if (SessionVariable is not null)
        {
            // A variable that cannot be set is an error before there is a connection that nobody was given.
            SessionState.PSVariable.Set(SessionVariable, SessionState.PSVariable.GetValue(SessionVariable));
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (WsUri.Check(Uri!) is { } problem)
        {
            WriteError(problem);
            return;
        }

        int closings = Session.Closings;
        MessageWebSocket? socket = Prepare();
        if (socket is null || !Connects(socket))
        {
            return;
        }

        if (Session.Closings != closings)
        {
            // A script of this connect removed the module, which closes what is open. No session has it, and nothing reconnects it.
            socket.Close();
        }
        else
        {
            Keep(socket);
        }

        if (SessionVariable is not null)
        {
            SessionState.PSVariable.Set(SessionVariable, socket);
        }

        WriteObject(socket);
    }

    // At once, so that whatever interrupts this cmdlet finds a connection that the session lists.
    private void Keep(MessageWebSocket socket)
    {
        if (Socket is null)
        {
            Session.Add(socket);
        }

        Session.RequestHeaders.Clear();
        if (AutoReconnect)
        {
            SocketExtras.Of(socket).Reconnection = new Reconnection(socket, MaximumRetryCount, Times.OfSeconds(RetryIntervalSec));
        }
    }

    /// <summary>The socket with all its settings; null when they are refused.</summary>
    private MessageWebSocket? Prepare()
    {
        if (Socket is { State: not MessageWebSocketState.Created } used)
        {
            WriteError(WsErrors.SocketAlreadyConnected(used));
            return null;
        }

        if (!string.IsNullOrWhiteSpace(Name) && Session.IsTaken(Name) && Session.Find(Name) != Socket)
        {
            WriteError(WsErrors.SocketNameInUse(Name));
            return null;
        }

        MessageWebSocket socket = Socket ?? new MessageWebSocket();
        SocketExtras extras = SocketExtras.Of(socket);

        // A connect that was stopped had no time for it.
        extras.Borrowed.TakeBack(socket);
        if (!string.IsNullOrWhiteSpace(Name))
        {
            socket.Name = Name;
        }
        else if (string.IsNullOrWhiteSpace(socket.Name))
        {
            socket.Name = Session.MakeUnique(Uri!.Host);
        }

        if (Apply(socket, isNew: Socket is null, Uri) is { } refusal)
        {
            WriteError(refusal);
            return null;
        }

        if (extras.CarriesCredentials && !extras.AllowsUnencryptedAuthentication && Uri!.Scheme == System.Uri.UriSchemeWs)
        {
            WriteError(WsErrors.UnencryptedAuthentication(Uri));
            return null;
        }

        // What was said for this connect alone wins over what was collected before.
        HashSet<string> given = new(RequestHeaderTable.From(Headers).Select(static header => header.Key), StringComparer.OrdinalIgnoreCase);
        extras.Borrowed.Put(socket, Session.RequestHeaders.Where(header => !given.Contains(header.Key)));
        ShowFrames(socket);
        return socket;
    }

    private bool Connects(MessageWebSocket socket)
    {
        bool isConnected = false;
        try
        {
            isConnected = ConnectWithRetries(socket);
        }
        finally
        {
            if (!isConnected && socket.State == MessageWebSocketState.Created)
            {
                SocketExtras.Of(socket).Borrowed.TakeBack(socket);
            }
        }

        return isConnected;
    }

    private bool ConnectWithRetries(MessageWebSocket socket)
    {
        int retries = IsBound(nameof(MaximumRetryCount)) ? MaximumRetryCount : 0;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                Connector.Connect(this, socket, Uri!);
                return true;
            }
            catch (MessageWebSocketException e)
                when (attempt <= retries && Reconnection.IsWorthwhile(e) && socket.State == MessageWebSocketState.Created)
            {
                TimeSpan delay = Reconnection.Delay(attempt, Times.OfSeconds(RetryIntervalSec), e);
                Tell($"Attempt {attempt} failed: {Connector.Failure(socket, Uri!, e).ErrorDetails.Message} Trying again "
                    + $"in {Connector.DelayText(delay)}.");
                Wait(Task.Delay(delay, StopToken));
            }
            catch (MessageWebSocketException e)
            {
                WriteError(Connector.Failure(socket, Uri!, e));
                return false;
            }
            catch (ObjectDisposedException)
            {
                // By a script of this connect, or in another runspace.
                WriteError(WsErrors.ConnectionClosed(socket, " It was still being made."));
                return false;
            }
            catch (ArgumentException e)
            {
                // Subprotocol names are checked by the connect.
                WriteError(WsErrors.InvalidSetting(LibraryText.WithoutParameterName(e), Redaction.Target(Uri!)));
                return false;
            }
        }
    }
}
