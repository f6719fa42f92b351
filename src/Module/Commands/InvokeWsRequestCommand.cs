using System.Collections;
using System.Management.Automation;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Messages;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell;

/// <summary>Sends one message and waits for its reply; all other messages stay in the inbox, in order.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "WsRequest", DefaultParameterSetName = ObjectSet)]
[OutputType(typeof(WsMessage), typeof(PSObject), typeof(Hashtable))]
public sealed class InvokeWsRequestCommand : WsCmdlet
{
    private static readonly Task<WsMessage?> s_none = Task.FromResult<WsMessage?>(null);
    private const string ObjectSet = "InputObject";
    private const string JsonRpcSet = "JsonRpc";
    private const string BatchSet = "Batch";

    private MessageWebSocket _socket = null!;
    private WaitBudget _budget = null!;
    private JsonWriter? _jsonWriter;
    private IdPath? _idPath;

    /// <summary>The request: a string, a byte array, or with -AsJson any object.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = ObjectSet)]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    public object? InputObject { get; set; }

    /// <summary>Tells the reply: $_ is a message, with -FromJson its object. Without it the next message is the reply.</summary>
    [Parameter(ParameterSetName = ObjectSet)]
    [ValidateNotNull]
    public ScriptBlock? ReplyFilter { get; set; }

    /// <summary>
    /// Where requests and replies carry their number, as id or d.requestId: the request gets one, and its reply is the message with it.
    /// With -AsJson by default that of the connection's profile; empty for none.
    /// </summary>
    [Parameter(ParameterSetName = ObjectSet)]
    [ValidateNotNull]
    [AllowEmptyString]
    [ArgumentCompleter(typeof(IdPathCompleter))]
    public string? IdProperty { get; set; }

    /// <summary>Send the request as one line of JSON.</summary>
    [Parameter(ParameterSetName = ObjectSet)]
    public SwitchParameter AsJson { get; set; }

    /// <summary>Emit the objects that the JSON of the reply stands for.</summary>
    [Parameter(ParameterSetName = ObjectSet)]
    public SwitchParameter FromJson { get; set; }

    /// <summary>Emit hashtables for the objects in JSON, which take every name; implies -FromJson.</summary>
    [Parameter]
    public SwitchParameter AsHashtable { get; set; }

    /// <summary>The method to call by JSON-RPC; its result is emitted.</summary>
    [Parameter(Mandatory = true, ParameterSetName = JsonRpcSet)]
    [ValidateNotNullOrEmpty]
    public string? JsonRpc { get; set; }

    /// <summary>The parameters of the method: a hashtable, an object or an array; any other value is the only one by position.</summary>
    [Parameter(ParameterSetName = JsonRpcSet, ValueFromPipeline = true)]
    [AllowNull]
    [AllowEmptyCollection]
    public object? Params { get; set; }

    /// <summary>Send a notification: the server answers nothing, and nothing is waited for.</summary>
    [Parameter(ParameterSetName = JsonRpcSet)]
    public SwitchParameter NoReply { get; set; }

    /// <summary>
    /// Calls to send in one message (JSON-RPC 2.0 section 6): names of methods, or hashtables with Method, Params and NoReply.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = BatchSet)]
    [ValidateNotNullOrEmpty]
    public object[]? Batch { get; set; }

    /// <summary>Further members of each request, as the sessionId of the DevTools protocol.</summary>
    [Parameter(ParameterSetName = JsonRpcSet)]
    [Parameter(ParameterSetName = BatchSet)]
    [ValidateNotNull]
    public IDictionary? ExtraProperties { get; set; }

    /// <summary>How the request is written: JsonRpc2, or DevTools for Chromium; by default as the connection's profile says.</summary>
    [Parameter(ParameterSetName = JsonRpcSet)]
    [Parameter(ParameterSetName = BatchSet)]
    public JsonRpcDialect Dialect { get; set; }

    /// <summary>How deep JSON follows objects in objects.</summary>
    [Parameter]
    [ValidateRange(0, 100)]
    public int Depth { get; set; } = JsonWriter.DefaultDepth;

    /// <summary>The socket, as an object or name; without it the only open one of this session.</summary>
    [Parameter]
    [ValidateNotNull]
    [SocketNameTransform]
    [ArgumentCompleter(typeof(SocketNameCompleter))]
    public MessageWebSocket? Socket { get; set; }

    /// <summary>How long to wait for the reply, in seconds; 0 for no limit.</summary>
    [Parameter]
    [ValidateTime]
    public double TimeoutSeconds { get; set; } = 30;

    private bool IsJson => FromJson || AsHashtable;

    private JsonRpcDialect DialectInUse => IsBound(nameof(Dialect)) ? Dialect : _socket.Control.Dialect;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        CheckParameters();
        _budget ??= new WaitBudget(Times.Limit(TimeoutSeconds), TimeProvider.System, StopToken);
        _socket = ResolveWritable(Socket, _budget);
        CheckReadable(_socket);
        ShowFrames(_socket);

        // A filter decides alone: in a login, for which it is, some servers refuse a number.
        string? idProperty = IsBound(nameof(IdProperty)) ? IdProperty : AsJson && ReplyFilter is null ? _socket.Control.IdProperty : null;
        _idPath = string.IsNullOrEmpty(idProperty) ? null : IdPath.Parse(idProperty);
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        _budget.Begin();
        if (SocketExtras.IsDue(_socket))
        {
            BeginProcessing();
        }

        switch (ParameterSetName)
        {
            case JsonRpcSet:
                Call(new JsonRpcRequest(JsonRpc!, Params, NoReply, ExtraProperties));
                break;
            case BatchSet:
                CallAll();
                break;
            default:
                Ask();
                break;
        }
    }

    private void CheckParameters()
    {
        TakenMessage.RefuseBuffer(this);
        if (!string.IsNullOrEmpty(IdProperty) && ReplyFilter is not null)
        {
            ThrowTerminatingError(WsErrors.ParameterConflict(nameof(IdProperty), nameof(ReplyFilter)));
        }

        if (!string.IsNullOrEmpty(IdProperty) && IdPath.Parse(IdProperty) is null)
        {
            ThrowTerminatingError(
                WsErrors.InvalidSetting($"'{IdProperty}' is no path of member names, such as id or d.requestId.", IdProperty));
        }

        if (ExtraProperties is not null && JsonRpcRequest.Clash(ExtraProperties) is { } own)
        {
            ThrowTerminatingError(
                WsErrors.InvalidSetting($"A request has a '{own}' of its own, which -ExtraProperties cannot set.", ExtraProperties));
        }
    }

    private void Ask()
    {
        object? item = AsJson ? InputObject : OutgoingMessage.Unwrap(InputObject);
        ReplyMatch match = new();
        OutgoingMessage request;
        if (AsJson || (_idPath is not null && item is string))
        {
            string? json = AsJson ? ToJson(item) : (string)item!;
            if (json is null || (_idPath is not null && !TryNumber(ref json, item, out match)))
            {
                return;
            }

            request = OutgoingMessage.OfText(json);
        }
        else if (_idPath is not null || !OutgoingMessage.TryFrom(item, null, out request))
        {
            WriteError(_idPath is null ? WsErrors.UnsupportedInputObject(item) : WsErrors.UnsupportedRequest(item));
            return;
        }

        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(StopToken);
        ReplyScript? script = ReplyFilter is null ? null : new ReplyScript(this, ReplyFilter, Judged, _socket.CloseBegan, patience.Token);
        if (Exchange(request, script ?? match, patience, item) is not { } reply)
        {
            return;
        }

        try
        {
            TakenMessage.Write(this, reply, script is null ? Judged(reply) : script.Reply, IsJson, null);
        }
        catch (FormatException e)
        {
            WriteError(WsErrors.InvalidJson(reply, e));
        }
    }

    /// <summary>Gives a request its number; false when it has no place for one, which is reported.</summary>
    private bool TryNumber(ref string json, object? item, out ReplyMatch match)
    {
        try
        {
            SocketExtras extras = SocketExtras.Of(_socket);
            json = _idPath!.Number(json, extras.NextRequestId(), out ReadOnlyMemory<byte> id);
            RequestNumbers.Note(extras, IdPath.NumberOf(id));
            match = new NumberedReply(_idPath, id);
            return true;
        }
        catch (FormatException e)
        {
            match = new ReplyMatch();
            WriteError(WsErrors.InvalidMessage($"The request cannot be numbered. {e.Message}", item));
            return false;
        }
    }

    private void Call(JsonRpcRequest request)
    {
        SocketExtras extras = SocketExtras.Of(_socket);
        long id = extras.NextRequestId();

        // The DevTools protocol has no notifications: what has no id is refused.
        bool hasId = !request.IsNotification || DialectInUse == JsonRpcDialect.DevTools;
        if (ToJson(request, hasId ? id : null) is not { } json)
        {
            return;
        }

        if (request.IsNotification)
        {
            Send(json, request.Method);
            return;
        }

        JsonRpcFilter filter = new(id, extras);
        if (ExchangeJsonRpc(json, filter, extras, request.Method) is { } message)
        {
            Emit($"'{request.Method}'", filter.Reply, message, isOneOfMany: false);
        }
    }

    private void CallAll()
    {
        SocketExtras extras = SocketExtras.Of(_socket);
        List<(JsonRpcRequest Request, long Id)> waiting = [];
        List<string> texts = [];
        foreach (object? item in Batch!)
        {
            JsonRpcRequest request;
            try
            {
                request = JsonRpcRequest.From(item) with { Extras = ExtraProperties };
            }
            catch (FormatException e)
            {
                // A batch is one message: without one of its requests it is another.
                ThrowTerminatingError(WsErrors.InvalidMessage(e.Message, item));
                return;
            }

            long id = extras.NextRequestId();
            if (ToJson(request, request.IsNotification ? null : id) is not { } text)
            {
                return;
            }

            texts.Add(text);
            if (!request.IsNotification)
            {
                waiting.Add((request, id));
            }
        }

        string json = $"[{string.Join(',', texts)}]";
        if (waiting.Count == 0)
        {
            Send(json, Batch);
            return;
        }

        JsonRpcBatchFilter filter = new([.. waiting.Select(static one => one.Id)], extras);
        if (ExchangeJsonRpc(json, filter, extras, Batch) is { } message)
        {
            EmitAll(waiting, filter, message);
        }
    }

    private void EmitAll(List<(JsonRpcRequest Request, long Id)> waiting, JsonRpcBatchFilter filter, WsMessage message)
    {
        if (filter.Refusal is { } refusal)
        {
            Emit("the batch", refusal, message, isOneOfMany: false);
            return;
        }

        foreach ((JsonRpcRequest request, long id) in waiting)
        {
            if (filter.ReplyTo(id) is { } reply)
            {
                Emit($"'{request.Method}'", reply, message, isOneOfMany: true);
            }
            else
            {
                WriteError(WsErrors.NoAnswerInBatch(request.Method, message));
                WriteObject(null);
            }
        }
    }

    private WsMessage? ExchangeJsonRpc(string json, ReplyMatch filter, SocketExtras extras, object? item)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(StopToken);
        extras.BeginRequest();
        try
        {
            return Exchange(OutgoingMessage.OfText(json), filter, patience, item);
        }
        finally
        {
            extras.EndRequest();
        }
    }

    /// <summary>
    /// Emits a result, or reports an error; of many, with an object for each, so that they are in the order of their requests.
    /// </summary>
    private void Emit(string what, in JsonRpcReply reply, WsMessage message, bool isOneOfMany)
    {
        object? result = null;
        try
        {
            if (reply.IsError)
            {
                WriteError(WsErrors.JsonRpcError(
                    what,
                    reply.ErrorText(),
                    JsonText.Read(Json, reply.Error.Span, AsHashtable),
                    ErrorMember(reply, "code"),
                    ErrorMember(reply, "data")));
            }
            else
            {
                result = reply.Result.IsEmpty ? null : JsonText.Read(Json, reply.Result.Span, AsHashtable);
            }
        }
        catch (FormatException e)
        {
            WriteError(WsErrors.InvalidJson(message, e));
            if (!isOneOfMany)
            {
                return;
            }
        }

        if (!reply.IsError || isOneOfMany)
        {
            TakenMessage.Write(this, message, result, !isOneOfMany, null);
        }
    }

    private object? ErrorMember(in JsonRpcReply reply, string name) =>
        JsonMembers.Find(reply.Error, name) is [{ IsEmpty: false } value] ? JsonText.Read(Json, value.Span, AsHashtable) : null;

    /// <summary>What a script judges, and what is emitted: the message, or the objects that its JSON stands for.</summary>
    private object? Judged(WsMessage message) => IsJson ? JsonText.Read(Json, message.AsMemory().Span, AsHashtable) : message;

    /// <summary>Sends what has no reply.</summary>
    private void Send(string json, object? item)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(StopToken);
        patience.CancelAfter(_budget.Left);
        bool isAccepted = false;
        try
        {
            Wait(OutgoingMessage.OfText(json).SendAsync(_socket, patience.Token));
            isAccepted = true;
            Wait(_socket.FlushAsync(patience.Token));
        }
        catch (OperationCanceledException) when (isAccepted && !StopToken.IsCancellationRequested)
        {
            WriteWarning(StillWaiting(_socket, 1, 1));
        }
        catch (OperationCanceledException) when (!StopToken.IsCancellationRequested)
        {
            WriteError(WsErrors.SendTimeout(_socket, _budget.Limit, item));
        }
        catch (Exception e) when (e is MessageWebSocketException or ObjectDisposedException)
        {
            WriteError(Ended(e as MessageWebSocketException, _socket));
        }
        catch (ArgumentException e)
        {
            WriteError(WsErrors.InvalidMessage(LibraryText.WithoutParameterName(e), item));
        }
    }

    /// <summary>Sends the request and waits for its reply; null when there is none, which is reported.</summary>
    private WsMessage? Exchange(in OutgoingMessage request, ReplyMatch filter, CancellationTokenSource patience, object? item)
    {
        Task<WsMessage?> reply = s_none;
        bool isAccepted = false;
        try
        {
            patience.CancelAfter(_budget.Left);

            // Before the request leaves: a reply can be faster than the next line. All that its coming does is to wake this thread.
            reply = _socket.ReceiveNextAtOnceAsync(filter.IsReply, patience.Token);
            Wait(request.SendAsync(_socket, patience.Token));
            isAccepted = true;
            MessageWebSocketException? failure = Await(reply);
            if (failure is null && reply.Result is { } message)
            {
                reply = s_none;
                return message;
            }

            if (filter.FindLate() is { } late && _socket.TryTake(late))
            {
                return late;
            }

            WriteError(Ended(failure, _socket, failure is null ? "No reply had come." : null));
        }
        catch (Exception e)
            when (filter is ReplyScript { FailedAt: { } judged } && e is not (PipelineStoppedException or FlowControlException))
        {
            // First, for a script can throw what we do.
            WriteError(WsErrors.ReplyFilterFailed(e, judged));
        }
        catch (OperationCanceledException) when (!StopToken.IsCancellationRequested)
        {
            WriteError(isAccepted
                ? WsErrors.ReplyTimeout(_socket, _budget.Limit, filter.Unreadable)
                : WsErrors.SendTimeout(_socket, _budget.Limit, item));
        }
        catch (MessageWebSocketException e)
        {
            WriteError(Ended(e, _socket));
        }
        catch (ObjectDisposedException)
        {
            WriteError(Ended(null, _socket));
        }
        catch (ArgumentException e)
        {
            WriteError(WsErrors.InvalidMessage(LibraryText.WithoutParameterName(e), item));
        }
        finally
        {
            // The receive loop must not ask on: nobody on this thread answers any more.
            patience.Cancel();
            _ = TakenMessage.ReturnAsync(reply, _socket);
        }

        return null;
    }

    /// <summary>Waits for the reply or the end of the connection; why it ended, if not in order.</summary>
    private MessageWebSocketException? Await(Task<WsMessage?> reply)
    {
        try
        {
            Wait(reply);
            return null;
        }
        catch (MessageWebSocketException e)
        {
            return e;
        }
    }

    private string? ToJson(object? item) => ToJson(write => write(item), item);

    private string? ToJson(JsonRpcRequest request, long? id) => ToJson(write => request.ToText(DialectInUse, id, write), request.Params);

    /// <summary>The JSON that is made of an object; null when there is none, which is reported.</summary>
    private string? ToJson(Func<Func<object?, string>, string> make, object? item)
    {
        try
        {
            return make((_jsonWriter ??= new JsonWriter(this, Json, Depth, StopToken)).Write);
        }
        catch (FormatException e)
        {
            WriteError(WsErrors.NoJson(e, item));
            return null;
        }
    }
}
