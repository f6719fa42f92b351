using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;
using MessageWebSockets.PowerShell.Commands;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Connecting;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Messages;
using MessageWebSockets.PowerShell.Sessions;
using MessageWebSockets.PowerShell.Views;

namespace MessageWebSockets.PowerShell;

/// <summary>Receives messages.</summary>
[Cmdlet(VerbsCommunications.Receive, "WsMessage", DefaultParameterSetName = CountSet)]
[OutputType(typeof(WsMessage))]
[OutputType(typeof(string), typeof(byte[]), typeof(PSObject), typeof(Hashtable))]
public sealed partial class ReceiveWsMessageCommand : WsCmdlet
{
    private const string CountSet = "Count";
    private const string AllSet = "All";
    private const string FollowSet = "Follow";

    // How many messages to write between two looks at the clock and at what other threads posted.
    private const int Batch = 1024;

    // How long an inbox that is full of what a filter left may stay so: somebody else may read from it.
    private static readonly TimeSpan LongestFull = TimeSpan.FromSeconds(2);

    private readonly List<MessageWebSocket> _sockets = [];
    private MessageSource _source = null!;
    private ReceiveClock _clock = null!;
    private MessageFilter? _filter;
    private TransferProgress? _progress;
    private MessageFile? _file;
    private long _received;
    private long _bytes;
    private long _limit;
    private long _looked;
    private long _lookLimit = long.MaxValue;

    /// <summary>
    /// The sockets, as objects or names; without it the only open one of this session. Several are merged in the order of arrival.
    /// </summary>
    [Parameter(ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    [SocketNameTransform]
    [ArgumentCompleter(typeof(SocketNameCompleter))]
    public MessageWebSocket[]? Socket { get; set; }

    /// <summary>How many messages to receive.</summary>
    [Parameter(Position = 0, ParameterSetName = CountSet)]
    [ValidateRange(1L, long.MaxValue)]
    public long Count { get; set; } = 1;

    /// <summary>Everything that is queued now, without waiting.</summary>
    [Parameter(Mandatory = true, ParameterSetName = AllSet)]
    public SwitchParameter All { get; set; }

    /// <summary>Until the connection ends or the pipeline is stopped.</summary>
    [Parameter(Mandatory = true, ParameterSetName = FollowSet)]
    public SwitchParameter Follow { get; set; }

    /// <summary>
    /// Tells which messages to receive: $_ is a message, with -FromJson its object. The others stay in the inbox, in order.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    public ScriptBlock? Filter { get; set; }

    /// <summary>
    /// How long to wait for the next message that is emitted, in seconds; 0 for no limit. 30 unless -Follow or -DurationSeconds.
    /// </summary>
    [Parameter(ParameterSetName = CountSet)]
    [Parameter(ParameterSetName = FollowSet)]
    [ValidateTime]
    public double TimeoutSeconds { get; set; } = 30;

    /// <summary>How long to receive in all, in seconds; 0 for no limit. Its end is no error.</summary>
    [Parameter(ParameterSetName = CountSet)]
    [Parameter(ParameterSetName = FollowSet)]
    [ValidateTime]
    public double DurationSeconds { get; set; }

    /// <summary>Emit the objects that the JSON of each message stands for.</summary>
    [Parameter]
    public SwitchParameter FromJson { get; set; }

    /// <summary>As -FromJson, with hashtables for objects, which take every name.</summary>
    [Parameter]
    public SwitchParameter AsHashtable { get; set; }

    /// <summary>Emit strings and byte arrays in place of message objects.</summary>
    [Parameter]
    public SwitchParameter Raw { get; set; }

    /// <summary>Write the payloads to a file in place of emitting messages; text messages are separated by line feeds.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string? OutFile { get; set; }

    /// <summary>Add to a file that is there.</summary>
    [Parameter]
    public SwitchParameter Append { get; set; }

    /// <summary>Refuse to replace a file that is there.</summary>
    [Parameter]
    [Alias("NoOverwrite")]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Write to a file even if it is read-only.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    private bool IsJson => FromJson || AsHashtable;

    private bool HasDuration => IsBound(nameof(DurationSeconds));

    /// <summary>Whether there is a number of messages to receive; a duration alone has none.</summary>
    private bool IsCounting => ParameterSetName == CountSet && (IsBound(nameof(Count)) || !HasDuration);

    private TimeSpan QuietTime =>
        (Follow || HasDuration) && !IsBound(nameof(TimeoutSeconds)) ? Timeout.InfiniteTimeSpan : Times.Limit(TimeoutSeconds);

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        TakenMessage.RefuseBuffer(this);
        this.RefuseTogether(FromJson, nameof(FromJson), Raw, nameof(Raw));
        this.RefuseTogether(FromJson, nameof(FromJson), OutFile is not null, nameof(OutFile));
        this.RefuseTogether(AsHashtable, nameof(AsHashtable), Raw, nameof(Raw));
        this.RefuseTogether(AsHashtable, nameof(AsHashtable), OutFile is not null, nameof(OutFile));
        this.RefuseTogether(Raw, nameof(Raw), OutFile is not null, nameof(OutFile));
        (SwitchParameter, string)[] ofFile = [(Append, nameof(Append)), (NoClobber, nameof(NoClobber)), (Force, nameof(Force))];
        foreach ((SwitchParameter given, string name) in ofFile)
        {
            if (given && OutFile is null)
            {
                ThrowTerminatingError(WsErrors.InvalidSetting($"-{name} is about the file of -OutFile, and there is none.", null));
            }
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord() => _sockets.AddRange(Socket ?? []);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_sockets.Count == 0)
        {
            if (MyInvocation.ExpectingInput)
            {
                return;
            }

            _sockets.Add(ResolveForReceive());
        }

        MessageWebSocket[] sockets =
            [.. _sockets.SelectMany(SocketExtras.ReadableOf).Distinct().Where(socket => !this.IsRefused(Unreadable(socket)))];
        if (sockets.Length == 0)
        {
            return;
        }

        foreach (MessageWebSocket socket in sockets)
        {
            ShowFrames(socket);
        }

        _source = new MessageSource(sockets, Filter is not null);
        _filter = Filter is null ? null : new MessageFilter(this, Filter, Judged);
        _clock = new ReceiveClock(QuietTime, Times.Limit(DurationSeconds));
        _limit = IsCounting ? Count : long.MaxValue;
        if (All)
        {
            // What comes meanwhile is not queued now, and a server that never pauses would never let it end.
            _lookLimit = sockets.Sum(static socket => socket.Information.MessagesQueued);
        }

        FileMode mode = Append ? FileMode.Append : NoClobber ? FileMode.CreateNew : FileMode.Create;
        _file = OutFile is null ? null : MessageFile.Open(this, _source, OutFile, mode, Force);

        bool hasGoal = IsCounting && Count > 1;
        if (hasGoal || _file is not null)
        {
            string from = sockets is [var only] ? only.ToString() : $"{sockets.Length} sockets";
            _progress = new TransferProgress(this, $"Receiving from {from}", hasGoal ? Count : 0);
        }

        if (All)
        {
            Drain();
        }
        else
        {
            ReceiveUntilDone();
        }

        OnFile(static file => file.Close());
        _progress?.Complete();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _file?.Dispose();
            _source?.Dispose();
        }

        base.Dispose(disposing);
    }

    private void ReceiveUntilDone()
    {
        while (true)
        {
            Drain();
            if (_received >= _limit || _clock.IsOver)
            {
                return;
            }

            if (_ended.TryDequeue(out MessageSource.SocketEnd? earlier))
            {
                if (!TryGoOn(earlier))
                {
                    return;
                }

                continue;
            }

            if (_source.IsOver)
            {
                return;
            }

            IReadOnlyList<MessageWebSocket> full = _source.Full;
            TimeSpan left = _clock.Left();
            bool waitsForRoom = full.Count > 0 && (left == Timeout.InfiniteTimeSpan || left > LongestFull);
            if (_clock.IsTooQuiet || !TryWait(waitsForRoom ? LongestFull : left, out MessageSource.SocketEnd? end))
            {
                if (_clock.IsOver || OnSilence(waitsForRoom ? full : []))
                {
                    return;
                }
            }
            else if (end is not null && !TryGoOn(end))
            {
                return;
            }
        }
    }

    /// <summary>Waits for a message or an end; false when neither came in time.</summary>
    private bool TryWait(TimeSpan longest, out MessageSource.SocketEnd? end)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(StopToken);
        patience.CancelAfter(longest);
        try
        {
            end = Wait(_source.WaitAsync(patience.Token));
            return true;
        }
        catch (OperationCanceledException) when (!StopToken.IsCancellationRequested)
        {
            end = null;
            return false;
        }
    }

    /// <summary>Tells why nothing comes, if it is time to: a timer can be a moment early.</summary>
    /// <param name="full">The sockets whose inbox was full when a long wait began.</param>
    /// <returns>Whether that is the end.</returns>
    private bool OnSilence(IReadOnlyList<MessageWebSocket> full)
    {
        IReadOnlyList<MessageWebSocket> stillFull = _source.Full;
        if (_clock.IsTooQuiet)
        {
            WriteError(WsErrors.ReceiveTimeout(_source.Open, QuietTime, !IsCounting, Progress(), _filter?.PassedOver, stillFull.Count > 0));
            return true;
        }

        foreach (MessageWebSocket socket in stillFull.Intersect(full))
        {
            WriteError(WsErrors.InboxFull(socket, _filter?.PassedOver));
            _source.Leave(socket);
        }

        return _source.IsOver;
    }

    /// <summary>Writes what is queued.</summary>
    private void Drain()
    {
        long begin = _looked;
        long before;
        do
        {
            before = _looked;
            long limit = Math.Min(_lookLimit, _looked + Batch);
            if (_filter is not null)
            {
                WriteMatching(_filter, limit);
            }
            else
            {
                WriteInTurn(limit);
            }

            RunPosted();
            _progress?.Report(_file is null ? _received : _bytes, Status());
        }
        while (_looked > before && _looked < _lookLimit && _received < _limit && !_clock.IsOver && (_filter is null || !_clock.IsTooQuiet));

        if (_filter is null && _looked > begin)
        {
            _clock.Restart();
        }

        // Nothing further waits: what came is there for others to read.
        OnFile(static file => file.Flush());
    }

    // One call a message: a collection would be taken from the inbox whole before the next command of the pipeline sees its first
    // message, and what that command then does not want would be lost.
    private void WriteInTurn(long limit)
    {
        bool isPlain = _file is null && !IsJson;
        bool raw = Raw;
        bool isTimed = HasDuration;
        while (_looked < limit && _received < _limit && !(isTimed && _clock.IsOver) && TryTake(out WsMessage? message))
        {
            _looked++;
            _received++;
            if (isPlain)
            {
                TakenMessage.Write(this, message, raw ? message.Data : message, isEnumerated: false, _source);
            }
            else if (_file is not null)
            {
                WriteToFile(message);
            }
            else
            {
                WriteAsObject(message);
            }
        }
    }

    // What is taken after the end would be lost: what is written to a file passes no pipeline that says so.
    private bool TryTake([NotNullWhen(true)] out WsMessage? message)
    {
        StopIfAsked();
        return _source.TryTake(out message);
    }

    // A server that never pauses may never bring what is waited for: the clocks are looked at for each message.
    private void WriteMatching(MessageFilter filter, long limit)
    {
        while (_looked < limit && _received < _limit && !_clock.IsOver && !_clock.IsTooQuiet && _source.TryLook(out WsMessage? message))
        {
            StopIfAsked();
            _looked++;
            if (!IsWanted(filter, message, out object? judged) || !_source.TryTakeLooked(message))
            {
                continue;
            }

            _received++;
            if (_file is not null)
            {
                WriteToFile(message);
            }
            else
            {
                TakenMessage.Write(this, message, Raw ? message.Data : judged, IsJson, _source);
            }

            _clock.Restart();
        }
    }

    private bool IsWanted(MessageFilter filter, WsMessage message, out object? judged)
    {
        bool isWanted = filter.Accepts(message, out judged, out Exception? failure);
        if (failure is not null)
        {
            WriteError(WsErrors.ReceiveFilterFailed(failure, message));
        }

        return isWanted;
    }

    /// <summary>What a script judges, and what is emitted: the message, or the objects that its JSON stands for.</summary>
    private object? Judged(WsMessage message) => IsJson ? JsonText.Read(Json, message.AsMemory().Span, AsHashtable) : message;

    private void WriteAsObject(WsMessage message)
    {
        object? value;
        try
        {
            value = Judged(message);
        }
        catch (FormatException e)
        {
            WriteError(WsErrors.InvalidJson(message, e));
            return;
        }

        TakenMessage.Write(this, message, value, isEnumerated: true, _source);
    }

    private void WriteToFile(WsMessage message)
    {
        _bytes += message.Length;
        OnFile(file => file.Write(message));
    }

    private void OnFile(Action<MessageFile> step)
    {
        if (_file is null)
        {
            return;
        }

        try
        {
            step(_file);
        }
        catch (IOException e)
        {
            ThrowTerminatingError(WsErrors.FileError(e, OutFile!, ErrorCategory.WriteError));
        }
    }

    /// <summary>The only open socket; with none open, the one that ended with messages unread, or the last that ended.</summary>
    private MessageWebSocket ResolveForReceive()
    {
        if (Session.Open().Length == 0 && !Session.Sockets.Any(SocketExtras.IsDue))
        {
            MessageWebSocket[] unread =
                [.. Session.Sockets.Where(static socket => WsSession.HasEnded(socket) && socket.Information.MessagesQueued > 0)];
            if (unread is [var only])
            {
                return only;
            }

            if (unread.Length > 1)
            {
                ThrowTerminatingError(WsErrors.SeveralUnreadSockets(unread));
            }
        }

        return Resolve(null);
    }

    private string? Progress() => IsCounting && Count > 1 ? $"{_received} of {Count} received" : null;

    private string? ProgressText => Progress() is { } progress ? progress + "." : null;

    private string Status()
    {
        string bytes = _file is null ? "" : $", {ByteCount.Of(_bytes)}";
        return IsCounting ? $"{_received} of {Count} messages{bytes}" : $"{_received} messages{bytes}";
    }
}
