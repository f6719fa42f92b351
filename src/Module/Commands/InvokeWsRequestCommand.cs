using System.Collections;
using System.Collections.Specialized;
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
    private const string ObjectSet = "InputObject";
    private const string JsonRpcSet = "JsonRpc";

    private MessageWebSocket _socket = null!;
    private JsonWriter? _jsonWriter;

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

    /// <summary>The parameters of the method: a hashtable, an object or an array.</summary>
    [Parameter(ParameterSetName = JsonRpcSet, ValueFromPipeline = true)]
    [AllowNull]
    [AllowEmptyCollection]
    public object? Params { get; set; }

    /// <summary>How the request is written: JsonRpc2, or DevTools for Chromium.</summary>
    [Parameter(ParameterSetName = JsonRpcSet)]
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

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        _socket = ResolveWritable(Socket);
        CheckReadable(_socket);
        ShowFrames(_socket);
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (SocketExtras.IsDue(_socket))
        {
            BeginProcessing();
        }

        if (ParameterSetName == JsonRpcSet)
        {
            Call();
        }
        else
        {
            Ask();
        }
    }

    private void Ask()
    {
        object? item = InputObject is PSObject wrapped && !AsJson ? wrapped.BaseObject : InputObject;
        OutgoingMessage request;
        if (AsJson)
        {
            if (ToJson(item, item) is not { } json)
            {
                return;
            }

            request = OutgoingMessage.OfText(json);
        }
        else if (!OutgoingMessage.TryFrom(item, null, out request))
        {
            WriteError(WsErrors.UnsupportedInputObject(item));
            return;
        }

        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(StopToken);
        ReplyScript? script = ReplyFilter is null ? null : new ReplyScript(this, ReplyFilter, Judged, patience.Token);
        if (Exchange(request, script ?? new ReplyMatch(), patience, item) is not { } reply)
        {
            return;
        }

        try
        {
            WriteObject(script is null ? Judged(reply) : script.Reply, enumerateCollection: IsJson);
        }
        catch (FormatException e)
        {
            WriteError(WsErrors.InvalidJson(reply, e));
        }
    }

    private void Call()
    {
        SocketExtras extras = SocketExtras.Of(_socket);
        long id = extras.NextRequestId();
        OrderedDictionary request = [];
        if (Dialect == JsonRpcDialect.JsonRpc2)
        {
            request["jsonrpc"] = "2.0";
        }

        request["id"] = id;
        request["method"] = JsonRpc;
        if (Params is not null)
        {
            request["params"] = Params;
        }

        if (ToJson(request, Params) is not { } json)
        {
            return;
        }

        JsonRpcFilter filter = new(id, extras);
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(StopToken);
        WsMessage? message;
        extras.BeginRequest();
        try
        {
            message = Exchange(OutgoingMessage.OfText(json), filter, patience, JsonRpc);
        }
        finally
        {
            extras.EndRequest();
        }

        if (message is not null)
        {
            Emit(filter.Reply, message);
        }
    }

    private void Emit(in JsonRpcReply reply, WsMessage message)
    {
        try
        {
            if (reply.IsError)
            {
                WriteError(WsErrors.JsonRpcError(JsonRpc!, reply.ErrorText(), JsonText.Read(Json, reply.Error.Span, AsHashtable)));
            }
            else
            {
                WriteObject(reply.Result.IsEmpty ? null : JsonText.Read(Json, reply.Result.Span, AsHashtable), enumerateCollection: true);
            }
        }
        catch (FormatException e)
        {
            WriteError(WsErrors.InvalidJson(message, e));
        }
    }

    /// <summary>What a script judges, and what is emitted: the message, or the objects that its JSON stands for.</summary>
    private object? Judged(WsMessage message) => IsJson ? JsonText.Read(Json, message.AsMemory().Span, AsHashtable) : message;

    /// <summary>Sends the request and waits for its reply; null when there is none, which is reported.</summary>
    private WsMessage? Exchange(in OutgoingMessage request, ReplyMatch filter, CancellationTokenSource patience, object? item)
    {
        try
        {
            patience.CancelAfter(Times.Limit(TimeoutSeconds));

            // Before the request leaves: a reply can be faster than the next line.
            Task<WsMessage?> reply = _socket.ReceiveNextAsync(filter.IsReply, patience.Token);
            try
            {
                Wait(request.SendAsync(_socket, patience.Token));
            }
            catch
            {
                _ = reply.ContinueWith(static t => t.Exception, TaskScheduler.Default);
                throw;
            }

            Wait(reply);
            if (reply.Result is { } message)
            {
                return message;
            }

            WriteError(Ended(null, _socket, "No reply had come."));
        }
        catch (Exception e) when (filter is ReplyScript { FailedAt: { } judged } && e is not (PipelineStoppedException or FlowControlException))
        {
            // First, for a script can throw what we do.
            WriteError(WsErrors.ReplyFilterFailed(e, judged));
        }
        catch (OperationCanceledException) when (!StopToken.IsCancellationRequested)
        {
            WriteError(WsErrors.ReplyTimeout(_socket, Times.Limit(TimeoutSeconds), filter.Unreadable));
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
        }

        return null;
    }

    /// <summary>The JSON of an object; null when there is none, which is reported.</summary>
    private string? ToJson(object? value, object? item)
    {
        try
        {
            return (_jsonWriter ??= new JsonWriter(this, Json, Depth, StopToken)).Write(value);
        }
        catch (FormatException e)
        {
            WriteError(WsErrors.NoJson(e, item));
            return null;
        }
    }
}
