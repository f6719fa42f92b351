using System.Management.Automation;
using System.Text.RegularExpressions;
using System.Threading.Channels;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Connecting;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Messages;
using MessageWebSockets.PowerShell.Probing;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell;

/// <summary>Probes WebSocket endpoints: connects, pings, closes, and says of each how that went.</summary>
/// <remarks>
/// The probes are tasks of the thread pool. An endpoint is begun when it comes through the pipeline and another's place is free, and
/// nothing of it is kept once its result is written, so that the length of the list costs no memory.
/// </remarks>
[Cmdlet(VerbsDiagnostic.Test, "WsEndpoint")]
[OutputType(typeof(WsEndpointResult), typeof(WsEndpointDetail), typeof(bool))]
public sealed class TestWsEndpointCommand : EndpointListCmdlet
{
    private const int InboxBytes = 1024 * 1024;
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(2);

    // Against patterns that take forever on a text that the server chose.
    private static readonly TimeSpan MatchLimit = TimeSpan.FromSeconds(1);

    private readonly Channel<(long Number, WsEndpointResult Result)> _finished =
        Channel.CreateUnbounded<(long, WsEndpointResult)>(new UnboundedChannelOptions { SingleReader = true });

    private readonly Dictionary<long, bool> _answers = [];
    private CancellationToken _stop;
    private TimeSpan _timeout;
    private ProbePlan _plan = null!;
    private ProbeProgress _progress = null!;
    private long _begun;
    private long _written;
    private long _nextAnswer;
    private int _underWay;

    /// <summary>How often to probe each endpoint, over a new connection each time.</summary>
    [Parameter]
    [ValidateRange(1, 10_000)]
    public int Count { get; set; } = 1;

    /// <summary>How many endpoints to probe at once.</summary>
    [Parameter]
    [ValidateRange(1, 10_000)]
    public int ThrottleLimit { get; set; } = 32;

    /// <summary>How long one probe may take in all, in seconds; 0 for no limit.</summary>
    [Parameter]
    [Alias("ConnectionTimeoutSeconds")]
    [ValidateTime]
    public double TimeoutSeconds { get; set; } = 10;

    /// <summary>A text to send once connected.</summary>
    [Parameter]
    [ValidateNotNull]
    [AllowEmptyString]
    public string? SendText { get; set; }

    /// <summary>Bytes to send once connected, as a binary message.</summary>
    [Parameter]
    [ValidateNotNull]
    [AllowEmptyCollection]
    public byte[]? SendBytes { get; set; }

    /// <summary>A regular expression that a message has to match; as with -match, the case of letters does not count.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ExpectMatch { get; set; }

    /// <summary>Emit true or false for each endpoint, in the order of the input.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <summary>Emit results with everything that is known: certificate, headers, each round trip.</summary>
    [Parameter]
    public SwitchParameter Detailed { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        CheckParameters();
        if (Quiet && Detailed)
        {
            RefuseTogether(nameof(Quiet), nameof(Detailed));
        }

        RefuseTogether(nameof(SendText), nameof(SendBytes));
        _stop = StopToken;
        _timeout = Times.Limit(TimeoutSeconds);
        _plan = new ProbePlan(_timeout, Greeting, Pattern(), Detailed);
        _progress = new ProbeProgress(this);

        // What is wrong with the parameters is wrong for every endpoint, and said once.
        using MessageWebSocket trial = new();
        if (Apply(trial, isNew: true) is { } refusal)
        {
            ThrowTerminatingError(refusal);
        }
    }

    // The result of an endpoint says it.
    private protected override bool ChecksProtocols => false;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (Uri? uri in Uri ?? [null])
        {
            while (_underWay >= ThrottleLimit)
            {
                WriteNext();
            }

            Begin(uri);
            RunPosted();
            while (_finished.Reader.TryRead(out (long, WsEndpointResult) finished))
            {
                Write(finished);
            }
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        _progress.EndOfInput(_begun);
        while (_underWay > 0)
        {
            WriteNext();
        }

        _progress.Complete();
    }

    private protected override void ApplySettings(MessageWebSocket socket, bool isNew)
    {
        base.ApplySettings(socket, isNew);
        MessageWebSocketControl control = socket.Control;

        // The plan has the limit, and a probe is over before keep-alive has anything to do.
        control.ConnectTimeout = TimeSpan.Zero;
        control.DesiredUnsolicitedPongInterval = TimeSpan.Zero;
        control.CloseTimeout = CloseLimit;

        // A server that talks at once and without end must neither fill the memory nor hold up the pong behind it.
        control.InboxLimitInBytes = InboxBytes;
        control.InboxFullMode = InboxFullMode.DropOldest;
    }

    private OutgoingMessage? Greeting =>
        SendText is not null ? OutgoingMessage.OfText(SendText) : SendBytes is not null ? OutgoingMessage.OfBytes(SendBytes) : null;

    private Regex? Pattern()
    {
        if (ExpectMatch is null)
        {
            return null;
        }

        RegexOptions options = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant;
        TimeSpan limit = _timeout > TimeSpan.Zero && _timeout < MatchLimit ? _timeout : MatchLimit;
        try
        {
            return new Regex(ExpectMatch, options | RegexOptions.NonBacktracking, limit);
        }
        catch (NotSupportedException)
        {
            // Such as one that looks ahead: its time is not bounded by the length of the text.
            return new Regex(ExpectMatch, options, limit);
        }
        catch (ArgumentException e)
        {
            ThrowTerminatingError(
                WsErrors.InvalidSetting($"-ExpectMatch is no regular expression: {LibraryText.WithoutParameterName(e)}", ExpectMatch));
            return null;
        }
    }

    private void Begin(Uri? uri)
    {
        string address = MalformedUri.TextOf(uri);
        long number = _begun++;
        _underWay++;
        if (WsUri.Check(uri) is { } refusal)
        {
            Finish(number, Unusable(address, refusal));
            return;
        }

        MessageWebSocket socket = new();
        if (Apply(socket, isNew: true) is { } unsuitable)
        {
            // Headers, origin and subprotocols come with the endpoint.
            socket.Dispose();
            Finish(number, Unusable(address, unsuitable));
            return;
        }

        SocketExtras extras = SocketExtras.Of(socket);
        if (extras.CarriesCredentials && !extras.AllowsUnencryptedAuthentication && uri!.Scheme == System.Uri.UriSchemeWs)
        {
            socket.Dispose();
            Finish(number, Unusable(address, WsErrors.UnencryptedAuthentication(uri)));
            return;
        }

        if (extras.CertificateJudge is { } script)
        {
            script.Connecting = this;
        }

        Run(number, address, socket, uri!);
    }

    // Not on the pipeline thread: what a probe does before its first wait would be done for one endpoint after the other.
    private void Run(long number, string address, MessageWebSocket socket, Uri uri)
    {
        ProbePlan plan = _plan;
        string? name = Name;
        int count = Count;
        CancellationToken stop = _stop;
        _ = Task.Run(
            async () =>
            {
                try
                {
                    Finish(number, await new ProbeSeries(address, name, plan).RunAsync(socket, uri, count, stop).ConfigureAwait(false));
                }
                catch (OperationCanceledException) when (stop.IsCancellationRequested)
                {
                    // Nobody waits for it any more.
                }
                catch (Exception e)
                {
                    // Each endpoint has a result, whatever it brought about: the cmdlet counts them.
                    Finish(number, ProbeSeries.Unusable(address, name, plan, "WebSocketFailure", TerminalText.Escape(e.Message)));
                }
                finally
                {
                    socket.Dispose();
                }
            },
            CancellationToken.None);
    }

    private WsEndpointResult Unusable(string address, ErrorRecord record) =>
        ProbeSeries.Unusable(
            address,
            Name,
            _plan,
            record.FullyQualifiedErrorId,
            $"{record.ErrorDetails?.Message ?? record.Exception.Message} {record.ErrorDetails?.RecommendedAction}".Trim());

    private void Finish(long number, WsEndpointResult result) => _finished.Writer.TryWrite((number, result));

    // One with a name has a view of its own.
    private static object Named(WsEndpointResult result)
    {
        if (string.IsNullOrEmpty(result.Name))
        {
            return result;
        }

        PSObject named = PSObject.AsPSObject(result);
        named.TypeNames.Insert(0, $"{typeof(WsEndpointResult).FullName}#Named");
        return named;
    }

    private void WriteNext() => Write(Wait(_finished.Reader.ReadAsync(_stop)));

    private void Write((long Number, WsEndpointResult Result) finished)
    {
        _underWay--;
        _written++;
        WsEndpointResult result = finished.Result;
        Tell($"{Redaction.Of(result.Uri)}: {result.Status}{(result.Error is null ? "" : $". {result.Error}")}");
        Connector.TellBody(this, result.ReadableBody);
        _progress.Report(_written, _underWay, result.Success);
        if (!Quiet)
        {
            WriteObject(Named(result));
            return;
        }

        _answers.Add(finished.Number, result.Success);
        while (_answers.Remove(_nextAnswer, out bool answer))
        {
            _nextAnswer++;
            WriteObject(answer);
        }
    }
}
