using System.Management.Automation;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Connecting;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Loading;
using MessageWebSockets.PowerShell.Sessions;
using MessageWebSockets.PowerShell.Terminal;
using MessageWebSockets.PowerShell.Views;

namespace MessageWebSockets.PowerShell;

/// <summary>Puts a bounded load on a server and says what it bore.</summary>
[Cmdlet(VerbsDiagnostic.Measure, "WsLoad", DefaultParameterSetName = "Size")]
[OutputType(typeof(WsLoadSummary))]
public sealed class MeasureWsLoadCommand : MessageHandshakeCmdlet
{
    private const int LargestSize = 16 * 1024 * 1024;
    private const int MostConnections = 100_000;
    private const double HighestRate = 100_000;
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(2);

    /// <summary>The addresses, ws:// or wss://; several are loaded one after the other.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [EndpointTransform]
    [AllowNull]
    [AllowEmptyCollection]
    public Uri?[]? Uri { get; set; }

    /// <summary>How many connections.</summary>
    [Parameter]
    [ValidateRange(1, MostConnections)]
    public int Connections { get; set; } = 10;

    /// <summary>Over how many seconds they are opened; 0 opens them as fast as they can be and lets them begin together.</summary>
    [Parameter]
    [ValidateTime]
    public double RampSeconds { get; set; }

    /// <summary>How long the load lasts once they are open, in seconds.</summary>
    [Parameter]
    [ValidateTime(NotZero = true)]
    public double DurationSeconds { get; set; } = 10;

    /// <summary>How many messages a second each connection sends, whatever comes back; without it each waits for its answer.</summary>
    [Parameter]
    [ValidateRange(0.001, HighestRate)]
    public double RatePerConnection { get; set; }

    /// <summary>The size of the messages, in bytes.</summary>
    [Parameter(ParameterSetName = "Size")]
    [ValidateRange(0, LargestSize)]
    public int Size { get; set; } = 64;

    /// <summary>Makes the messages: strings or byte arrays; $_ is the running number.</summary>
    [Parameter(ParameterSetName = "Message", Mandatory = true)]
    [ValidateNotNull]
    public ScriptBlock? Message { get; set; }

    /// <summary>What the connections do.</summary>
    [Parameter]
    public WsLoadMode Mode { get; set; }

    /// <summary>How many seconds a connection waits after an answer before it sends again; not with a rate.</summary>
    [Parameter]
    [Alias("ThinkTime")]
    [ValidateTime]
    public double ThinkTimeSeconds { get; set; }

    /// <summary>How many seconds a connect may take, and the last answers at the end; 0 for no limit.</summary>
    [Parameter]
    [Alias("ConnectionTimeoutSeconds")]
    [ValidateTime]
    public double TimeoutSeconds { get; set; } = 10;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        CheckParameters();
        RefuseTogether(nameof(RatePerConnection), nameof(ThinkTimeSeconds));
        if (Mode is WsLoadMode.Receive or WsLoadMode.Ping or WsLoadMode.Connect)
        {
            RefuseInMode(nameof(Size));
            RefuseInMode(nameof(Message));
        }

        if (Mode == WsLoadMode.Receive)
        {
            RefuseInMode(nameof(RatePerConnection));
            RefuseInMode(nameof(ThinkTimeSeconds));
        }

        // What is wrong with the parameters is wrong for every endpoint, and said once.
        using MessageWebSocket trial = new();
        if (Apply(trial, isNew: true) is { } unusable)
        {
            ThrowTerminatingError(unusable);
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (Uri? uri in Uri ?? [null])
        {
            if (WsUri.Check(uri) is { } refusal)
            {
                WriteError(refusal);
                continue;
            }

            Load(uri!);
        }
    }

    private protected override void ApplySettings(MessageWebSocket socket, bool isNew)
    {
        base.ApplySettings(socket, isNew);
        MessageWebSocketControl control = socket.Control;

        // The plan has the limits, and the pings are those that are measured.
        control.ConnectTimeout = TimeSpan.Zero;
        control.DesiredUnsolicitedPongInterval = TimeSpan.Zero;
        control.CloseTimeout = CloseLimit;
    }

    private void Load(Uri uri)
    {
        using MessageWebSocket settings = new();
        if (Apply(settings, isNew: true) is { } unsuitable)
        {
            // Headers, origin and subprotocols come with the endpoint.
            WriteError(unsuitable);
            return;
        }

        SocketExtras extras = SocketExtras.Of(settings);
        if (extras.CarriesCredentials && !extras.AllowsUnencryptedAuthentication && uri.Scheme == System.Uri.UriSchemeWs)
        {
            WriteError(WsErrors.UnencryptedAuthentication(uri));
            return;
        }

        if (extras.CertificateJudge is { } script)
        {
            script.Connecting = this;
        }

        LoadPlan plan = new(
            uri,
            Mode,
            Connections,
            Times.OfSeconds(RampSeconds),
            Times.OfSeconds(DurationSeconds),
            IsBound(nameof(RatePerConnection)) ? RatePerConnection : null,
            Times.OfSeconds(ThinkTimeSeconds),
            Times.Limit(TimeoutSeconds));
        WsLoadSummary summary;
        try
        {
            summary = Run(plan, settings, extras);
        }
        catch (LoadMessageException e)
        {
            ThrowTerminatingError(e.Count == 1 ? WsErrors.UnsupportedInputObject(e.Item) : WsErrors.NotOneMessage(e.Count, Message!));
            return;
        }
        catch (ArgumentException e) when (Message is not null)
        {
            // A text that is no UTF-16, such as half a surrogate pair.
            ThrowTerminatingError(WsErrors.InvalidMessage(LibraryText.WithoutParameterName(e), Message));
            return;
        }

        WriteObject(summary);
        Warn(summary);
    }

    private WsLoadSummary Run(LoadPlan plan, MessageWebSocket settings, SocketExtras extras)
    {
        ScriptMessages? scripted = Message is null ? null : new ScriptMessages(this, Message);
        scripted?.Fill();
        TransferProgress progress = new(this, $"Measure-WsLoad {Redaction.Of(plan.Uri)}", (long)(plan.Ramp + plan.Duration).TotalSeconds);
        LoadRun run = new(
            plan,
            () =>
            {
                MessageWebSocket socket = settings.Clone();
                extras.CopyTo(socket);
                return socket;
            },
            scripted ?? (ILoadMessages)new SizedMessages(Size),
            HistogramLibrary.Factory,
            (tally, second) =>
                Post(() => progress.Report((long)(second.Second + second.DurationSeconds), LoadText.Progress(tally, second))));
        using InterruptKey? key = InterruptKey.Watch(Host);
        CancellationToken interrupted = key?.Pressed ?? CancellationToken.None;
        try
        {
            WsLoadSummary summary = Wait(new ValueTask<WsLoadSummary>(run.RunAsync(interrupted, StopToken)));
            if (interrupted.IsCancellationRequested)
            {
                // The summary first; the rest is as with every Ctrl+C, lest a loop around this cannot be left.
                WriteObject(summary);
                Warn(summary);
                throw new PipelineStoppedException();
            }

            return summary;
        }
        finally
        {
            progress.Complete();
        }
    }

    private void Warn(WsLoadSummary summary)
    {
        string?[] warnings = [LoadText.Limits(summary), LoadText.Unasked(summary, Message is null && SizedMessages.AreNumberedFrom(Size))];
        foreach (string warning in warnings.OfType<string>())
        {
            WriteWarning(warning);
        }
    }

    private void RefuseInMode(string parameter)
    {
        if (IsBound(parameter))
        {
            ThrowTerminatingError(WsErrors.ParameterConflict(parameter, $"Mode {Mode}"));
        }
    }
}
