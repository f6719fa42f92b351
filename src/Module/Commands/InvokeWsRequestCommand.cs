using System.Collections.Specialized;
using System.Management.Automation;
using System.Text.Json;

namespace MessageWebSockets.PowerShell;

/// <summary>Sends one message and waits for its reply; all other messages stay in the inbox, in order.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "WsRequest", DefaultParameterSetName = ObjectSet)]
[OutputType(typeof(WsMessage), typeof(PSObject))]
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
        if (Reconnection.IsDue(_socket))
        {
            BeginProcessing();
        }

        if (ParameterSetName == JsonRpcSet)
        {
            Call();
            return;
        }

        object? item = InputObject is PSObject wrapped && !AsJson ? wrapped.BaseObject : InputObject;
        OutgoingMessage request;
        if (AsJson)
        {
            request = OutgoingMessage.OfText(ToJson(item));
        }
        else if (!OutgoingMessage.TryFrom(item, null, out request))
        {
            WriteError(WsErrors.UnsupportedInputObject(item));
            return;
        }

        if (Exchange(request, ReplyFilter is null ? static _ => true : AskPipelineThread, item) is { } reply)
        {
            Emit(reply);
        }
    }

    private void Call()
    {
        long id = SocketExtras.Of(_socket).NextRequestId();
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

        if (Exchange(OutgoingMessage.OfText(ToJson(request)), message => JsonRpcReply.IsFor(message, id), JsonRpc) is not { } reply)
        {
            return;
        }

        PSObject answer;
        try
        {
            answer = (PSObject)JsonText.Read(reply.AsMemory())!;
        }
        catch (JsonException e)
        {
            WriteError(WsErrors.InvalidJson(reply, e.Message));
            return;
        }

        if (answer.Properties["error"]?.Value is { } error)
        {
            WriteError(WsErrors.JsonRpcError(JsonRpc!, PSObject.AsPSObject(error)));
        }
        else
        {
            WriteObject(answer.Properties["result"]?.Value, enumerateCollection: true);
        }
    }

    /// <summary>Sends the request and waits for its reply; null when there is none, which is reported.</summary>
    private WsMessage? Exchange(in OutgoingMessage request, Predicate<WsMessage> filter, object? item)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(StopToken);
        try
        {
            patience.CancelAfter(Times.Limit(TimeoutSeconds));

            // Before the request leaves: a reply can be faster than the next line.
            Task<WsMessage?> reply = _socket.ReceiveNextAsync(filter, patience.Token);
            try
            {
                Wait(request.SendAsync(_socket, patience.Token));
            }
            catch
            {
                patience.Cancel();
                _ = reply.ContinueWith(static t => t.Exception, TaskScheduler.Default);
                throw;
            }

            Wait(reply);
            if (reply.Result is { } message)
            {
                return message;
            }

            WriteError(WsErrors.ConnectionClosed(_socket, " No reply had come."));
        }
        catch (OperationCanceledException) when (!StopToken.IsCancellationRequested)
        {
            WriteError(WsErrors.ReplyTimeout(_socket, Times.Limit(TimeoutSeconds)));
        }
        catch (MessageWebSocketException e)
        {
            WriteError(WsErrors.Ended(e, _socket));
        }
        catch (ObjectDisposedException)
        {
            WriteError(WsErrors.ConnectionClosed(_socket));
        }
        catch (ArgumentException e)
        {
            WriteError(WsErrors.InvalidMessage(ConnectionSettingsCmdlet.WithoutParameterName(e), item));
        }
        catch (RuntimeException e) when (e is not PipelineStoppedException && ReplyFilter is not null)
        {
            WriteError(WsErrors.ReplyFilterFailed(e, item));
        }

        return null;
    }

    /// <summary>Asks the script about a message that arrived; scripts run on the pipeline thread, which is waiting for this.</summary>
    private bool AskPipelineThread(WsMessage message)
    {
        TaskCompletionSource<bool> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            try
            {
                answer.SetResult(IsReply(message));
            }
            catch (Exception e)
            {
                answer.SetException(e);
            }
        });
        try
        {
            // The receive loop waits here, so that messages are judged in order and one that is refused is queued in its place.
            answer.Task.Wait(StopToken);
            return answer.Task.Result;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (AggregateException e) when (e.InnerException is not null)
        {
            throw e.InnerException;
        }
    }

    private bool IsReply(WsMessage message)
    {
        object? judged = message;
        if (FromJson)
        {
            try
            {
                judged = JsonText.Read(message.AsMemory());
            }
            catch (JsonException)
            {
                return false;
            }
        }

        return LanguagePrimitives.IsTrue(ReplyFilter!.InvokeWithContext(null, [new PSVariable("_", judged)], judged));
    }

    private void Emit(WsMessage reply)
    {
        if (!FromJson)
        {
            WriteObject(reply);
            return;
        }

        try
        {
            WriteObject(JsonText.Read(reply.AsMemory()), enumerateCollection: true);
        }
        catch (JsonException e)
        {
            WriteError(WsErrors.InvalidJson(reply, e.Message));
        }
    }

    private string ToJson(object? item) => (_jsonWriter ??= new JsonWriter(this)).Write(item, Depth);
}
