using System.Diagnostics;
using System.Management.Automation;
using System.Text;
using MessageWebSockets.PowerShell.Commands;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Messages;
using MessageWebSockets.PowerShell.Terminal;
using MessageWebSockets.PowerShell.Views;

namespace MessageWebSockets.PowerShell;

/// <summary>Measures how long pings, or messages that the server echoes, take to the server and back.</summary>
[Cmdlet(VerbsDiagnostic.Measure, "WsRoundTrip")]
[OutputType(typeof(WsRoundTripSummary))]
public sealed class MeasureWsRoundTripCommand : WsCmdlet
{
    private readonly List<double?> _roundTrips = [];
    private MessageWebSocket _socket = null!;
    private CancellationTokenSource? _ending;

    /// <summary>The socket, as an object or name; without it the only open one of this session.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    [SocketNameTransform]
    [ArgumentCompleter(typeof(SocketNameCompleter))]
    public MessageWebSocket? Socket { get; set; }

    /// <summary>How many round trips to measure.</summary>
    [Parameter]
    [ValidateRange(1, 10_000_000)]
    public int Count { get; set; } = 10;

    /// <summary>The time from one ping to the next, in milliseconds; 0 sends the next as soon as the last is answered.</summary>
    [Parameter]
    [ValidateTime(InMilliseconds = true)]
    public double IntervalMilliseconds { get; set; } = 200;

    /// <summary>Send text messages that the server sends back, in place of pings.</summary>
    [Parameter]
    public SwitchParameter Echo { get; set; }

    /// <summary>After how many seconds a ping counts as lost; 0 for never.</summary>
    [Parameter]
    [ValidateTime]
    public double TimeoutSeconds { get; set; } = 5;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        using (WaitBudget reconnect = new(Times.Limit(TimeoutSeconds), TimeProvider.System, StopToken))
        {
            _socket = Resolve(Socket);
            if (this.IsRefused(Unwritable(ref _socket, reconnect) ?? (Echo ? Unreadable(_socket) : null)))
            {
                return;
            }
        }

        ShowFrames(_socket);
        _roundTrips.Clear();
        using InterruptKey? key = InterruptKey.Watch(Host);
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(
            StopToken, key?.Pressed ?? CancellationToken.None);
        _ending = ending;
        try
        {
            Measure();
        }
        catch (PipelineStoppedException)
        {
            // Too late for an object, and still in time for a person.
            if (_roundTrips.Count > 0)
            {
                Host.UI.WriteLine(Summary().ToString());
            }

            throw;
        }
        catch (OperationCanceledException) when (key?.Pressed.IsCancellationRequested == true)
        {
            WriteSummary();

            // The summary is out; the rest is as with every Ctrl+C, lest a loop around this cannot be left.
            throw new PipelineStoppedException();
        }
        catch (MessageWebSocketException e)
        {
            WriteError(Ended(e, _socket, Progress()));
        }
        catch (ObjectDisposedException)
        {
            WriteError(Ended(null, _socket, Progress()));
        }
        finally
        {
            ending.Cancel();
        }

        WriteSummary();
    }

    private void Measure()
    {
        TransferProgress progress = new(this, $"Measuring the round trip to {Redaction.Of(_socket.ToString())}", Count);
        try
        {
            for (int sent = 0; sent < Count; sent++)
            {
                long started = Stopwatch.GetTimestamp();
                _roundTrips.Add(Exchange(started)?.TotalMilliseconds);
                progress.Report(sent + 1L, $"{sent + 1} of {Count}");
                TimeSpan rest = Times.OfMilliseconds(IntervalMilliseconds) - Stopwatch.GetElapsedTime(started);
                if (rest > TimeSpan.Zero && sent + 1 < Count)
                {
                    Wait(Task.Delay(rest, _ending!.Token));
                }
            }
        }
        finally
        {
            progress.Complete();
        }
    }

    /// <summary>One round trip; null when it took too long.</summary>
    private TimeSpan? Exchange(long started)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(_ending!.Token);
        patience.CancelAfter(Times.Limit(TimeoutSeconds));
        try
        {
            return Echo
                ? Wait(new ValueTask<TimeSpan>(EchoAsync(started, patience.Token)))
                : Wait(new ValueTask<TimeSpan>(_socket.PingAsync(patience.Token)));
        }
        catch (OperationCanceledException) when (!_ending.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task<TimeSpan> EchoAsync(long started, CancellationToken cancellationToken)
    {
        byte[] payload = Encoding.UTF8.GetBytes($"Measure-WsRoundTrip {Guid.NewGuid():N}");
        long arrived = 0;

        // Lives until the cmdlet ends: an echo that comes too late is still ours, and no message for the inbox.
        Task<WsMessage?> echo = _socket.ReceiveNextAsync(
            message =>
            {
                bool isOurs = message.AsMemory().Span.SequenceEqual(payload);
                if (isOurs)
                {
                    arrived = Stopwatch.GetTimestamp();
                }

                return isOurs;
            },
            _ending!.Token);
        _ = echo.ContinueWith(static task => task.Exception, TaskScheduler.Default);
        await _socket.SendAsync(payload, SocketMessageType.Utf8, cancellationToken).ConfigureAwait(false);
        ObjectDisposedException.ThrowIf(await echo.WaitAsync(cancellationToken).ConfigureAwait(false) is null, _socket);
        return Stopwatch.GetElapsedTime(started, arrived);
    }

    private string Progress() => $"{_roundTrips.Count} of {Count} round trips were measured.";

    private WsRoundTripSummary Summary() => new(_socket.ToString(), _socket.Uri is { } uri ? Redaction.Of(uri) : "", _roundTrips);

    private void WriteSummary()
    {
        if (_roundTrips.Count > 0)
        {
            WriteObject(Summary());
        }
    }
}
