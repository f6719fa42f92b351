using System.Collections;
using System.Management.Automation;
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
public sealed class ReceiveWsMessageCommand : WsCmdlet
{
    private const string CountSet = "Count";
    private const string AllSet = "All";
    private const string FollowSet = "Follow";

    // How many messages to write between two looks at the clock and at what other threads posted.
    private const int Batch = 1024;

    private readonly List<MessageWebSocket> _sockets = [];
    private MessageSource _source = null!;
    private TransferProgress? _progress;
    private MessageFile? _file;
    private long _received;
    private long _bytes;
    private long _limit;

    /// <summary>The sockets, as objects or names; without it the only open one of this session. Several are merged in the order of arrival.</summary>
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

    /// <summary>How long nothing may arrive, in seconds; 0 for no limit. 30 unless -Follow.</summary>
    [Parameter(ParameterSetName = CountSet)]
    [Parameter(ParameterSetName = FollowSet)]
    [ValidateTime]
    public double TimeoutSeconds { get; set; } = 30;

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

    private TimeSpan QuietTime => Follow && !IsBound(nameof(TimeoutSeconds)) ? Timeout.InfiniteTimeSpan : Times.Limit(TimeoutSeconds);

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        RefuseTogether(FromJson, nameof(FromJson), Raw, nameof(Raw));
        RefuseTogether(FromJson, nameof(FromJson), OutFile is not null, nameof(OutFile));
        RefuseTogether(AsHashtable, nameof(AsHashtable), Raw, nameof(Raw));
        RefuseTogether(AsHashtable, nameof(AsHashtable), OutFile is not null, nameof(OutFile));
        RefuseTogether(Raw, nameof(Raw), OutFile is not null, nameof(OutFile));
        foreach ((SwitchParameter given, string name) in new[] { (Append, nameof(Append)), (NoClobber, nameof(NoClobber)), (Force, nameof(Force)) })
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

        MessageWebSocket[] sockets = [.. _sockets.SelectMany(SocketExtras.ReadableOf).Distinct()];
        foreach (MessageWebSocket socket in sockets)
        {
            CheckReadable(socket);
            ShowFrames(socket);
        }

        _source = new MessageSource(sockets);
        _limit = ParameterSetName == CountSet ? Count : long.MaxValue;
        if (ParameterSetName == CountSet && Count > 1)
        {
            _progress = new TransferProgress(this, $"Receiving from {Describe(sockets)}", Count);
        }

        if (OutFile is not null)
        {
            _file = MessageFile.Open(this, OutFile, Append ? FileMode.Append : NoClobber ? FileMode.CreateNew : FileMode.Create, Force);
            _progress ??= new TransferProgress(this, $"Receiving from {Describe(sockets)}", 0);
        }

        if (All)
        {
            Drain();
        }
        else
        {
            ReceiveUntilDone();
        }

        CloseFile();
        _progress?.Complete();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _source?.Dispose();
            _file?.Dispose();
        }

        base.Dispose(disposing);
    }

    private void ReceiveUntilDone()
    {
        while (true)
        {
            Drain();
            if (_received >= _limit || _source.Open.Count == 0)
            {
                return;
            }

            MessageSource.SocketEnd? end;
            try
            {
                end = WaitForArrival();
            }
            catch (OperationCanceledException) when (!StopToken.IsCancellationRequested)
            {
                WriteError(WsErrors.ReceiveTimeout(_source.Open, QuietTime, Follow, Progress()));
                return;
            }

            if (end is not null)
            {
                OnEnd(end);
            }
        }
    }

    private MessageSource.SocketEnd? WaitForArrival()
    {
        TimeSpan quietTime = QuietTime;
        if (quietTime == Timeout.InfiniteTimeSpan)
        {
            return Wait(_source.WaitAsync(StopToken));
        }

        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(StopToken);
        patience.CancelAfter(quietTime);
        return Wait(_source.WaitAsync(patience.Token));
    }

    private void OnEnd(MessageSource.SocketEnd end)
    {
        if (Connector.Renew(this, end.Socket) is { } successor)
        {
            _source.Replace(end.Socket, successor);
            ShowFrames(successor);
            return;
        }

        if ((end.Failure is not null && !SocketExtras.IsOver(end.Socket)) || (!Follow && _source.Open.Count == 0))
        {
            WriteError(WsErrors.Ended(end.Failure, end.Socket, Progress() is { } progress ? progress + "." : null));
        }
        else
        {
            Tell($"{end.Socket} ended: {SocketText.State(end.Socket)}.");
        }
    }

    /// <summary>Writes what is queued.</summary>
    private void Drain()
    {
        long before;
        do
        {
            before = _received;
            long limit = Math.Min(_limit, _received + Batch);
            if (_file is not null)
            {
                WriteToFile(limit);
            }
            else if (FromJson || AsHashtable)
            {
                WriteObjects(limit);
            }
            else
            {
                WriteMessages(limit);
            }

            RunPosted();
            _progress?.Report(_file is null ? _received : _bytes, Status());
        }
        while (_received > before && _received < _limit);
    }

    // One call a message: a collection would be taken from the inbox whole before the next command of the pipeline sees its first
    // message, and what that command then does not want would be lost.
    private void WriteMessages(long limit)
    {
        bool raw = Raw;
        while (_received < limit && _source.TryTake(out WsMessage? message))
        {
            _received++;
            WriteObject(raw ? message.Data : message, enumerateCollection: false);
        }
    }

    private void WriteObjects(long limit)
    {
        while (_received < limit && _source.TryTake(out WsMessage? message))
        {
            _received++;
            object? value;
            try
            {
                value = JsonText.Read(Json, message.AsMemory().Span, AsHashtable);
            }
            catch (FormatException e)
            {
                WriteError(WsErrors.InvalidJson(message, e));
                continue;
            }

            WriteObject(value, enumerateCollection: true);
        }
    }

    private void WriteToFile(long limit)
    {
        try
        {
            while (_received < limit)
            {
                if (StopToken.IsCancellationRequested)
                {
                    throw new PipelineStoppedException();
                }

                if (!_source.TryTake(out WsMessage? message))
                {
                    // Nothing further waits: what came is there for others to read.
                    _file!.Flush();
                    return;
                }

                _received++;
                _bytes += message.Length;
                _file!.Write(message);
            }
        }
        catch (IOException e)
        {
            ThrowTerminatingError(WsErrors.FileError(e, OutFile!, ErrorCategory.WriteError));
        }
    }

    private void CloseFile()
    {
        try
        {
            _file?.Close();
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
            MessageWebSocket[] unread = [.. Session.Sockets.Where(static socket => WsSession.HasEnded(socket) && socket.Information.MessagesQueued > 0)];
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

    private void RefuseTogether(bool isFirst, string first, bool isSecond, string second)
    {
        if (isFirst && isSecond)
        {
            ThrowTerminatingError(WsErrors.ParameterConflict(first, second));
        }
    }

    private string? Progress() => ParameterSetName == CountSet && Count > 1 ? $"{_received} of {Count} received" : null;

    private string Status()
    {
        string bytes = _file is null ? "" : $", {ByteCount.Of(_bytes)}";
        return ParameterSetName == CountSet ? $"{_received} of {Count} messages{bytes}" : $"{_received} messages{bytes}";
    }

    private static string Describe(MessageWebSocket[] sockets) => sockets is [var only] ? only.ToString() : $"{sockets.Length} sockets";
}
