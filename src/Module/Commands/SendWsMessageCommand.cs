using System.Management.Automation;
using System.Text;
using System.Text.Unicode;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Connecting;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Messages;
using MessageWebSockets.PowerShell.Sessions;
using MessageWebSockets.PowerShell.Views;

namespace MessageWebSockets.PowerShell;

/// <summary>Sends messages: each object of the pipeline is one.</summary>
[Cmdlet(VerbsCommunications.Send, "WsMessage", DefaultParameterSetName = ObjectSet)]
[OutputType(typeof(string), typeof(byte[]), typeof(FileInfo))]
public sealed class SendWsMessageCommand : WsCmdlet
{
    private const string ObjectSet = "InputObject";
    private const string PathSet = "Path";
    private const string LiteralPathSet = "LiteralPath";

    private readonly MemoryStream _byteStream = new();
    private bool _isByteMissing;
    private MessageWebSocket _socket = null!;
    private WaitBudget _budget = null!;
    private JsonWriter? _jsonWriter;
    private readonly SendTally _tally = new();
    private bool _isFlushed;

    /// <summary>The message: a string, a byte array, a received message, or with -AsJson any object.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = ObjectSet)]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    public object? InputObject { get; set; }

    /// <summary>Files to send, each as one message; with wildcards.</summary>
    [Parameter(Mandatory = true, ParameterSetName = PathSet)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[]? Path { get; set; }

    /// <summary>Files to send, each as one message; taken as they are written.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[]? LiteralPath { get; set; }

    /// <summary>The socket, as an object or name; without it the only open one of this session.</summary>
    [Parameter]
    [ValidateNotNull]
    [SocketNameTransform]
    [ArgumentCompleter(typeof(SocketNameCompleter))]
    public MessageWebSocket? Socket { get; set; }

    /// <summary>The type of the messages; without it strings go as text, bytes and files as binary.</summary>
    [Parameter]
    public SocketMessageType MessageType { get; set; }

    /// <summary>Send each object as one line of JSON.</summary>
    [Parameter(ParameterSetName = ObjectSet)]
    public SwitchParameter AsJson { get; set; }

    /// <summary>How deep -AsJson follows objects in objects.</summary>
    [Parameter(ParameterSetName = ObjectSet)]
    [ValidateRange(0, 100)]
    public int Depth { get; set; } = JsonWriter.DefaultDepth;

    /// <summary>Collect the bytes of the pipeline into one message.</summary>
    [Parameter(ParameterSetName = ObjectSet)]
    public SwitchParameter AsByteStream { get; set; }

    /// <summary>Send messages in fragments of at most so many bytes.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int FragmentSize { get; set; }

    /// <summary>How long to wait for the server to take a message, in seconds; 0 for no limit.</summary>
    [Parameter]
    [ValidateTime]
    public double TimeoutSeconds { get; set; }

    /// <summary>Emit what was sent.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private string CutOffText => "A message cannot be taken back half sent, so the connection was closed; "
        + (SocketExtras.IsRenewable(_socket) ? "the next one goes over a new connection." : "connect again.");

    /// <summary>The type the user asked for.</summary>
    private SocketMessageType? Type { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        if (AsJson && AsByteStream)
        {
            ThrowTerminatingError(WsErrors.ParameterConflict(nameof(AsJson), nameof(AsByteStream)));
        }

        Type = IsBound(nameof(MessageType)) ? MessageType : null;
        _budget = new WaitBudget(Times.Limit(TimeoutSeconds), TimeProvider.System, StopToken);
        Use(ResolveWritable(Socket, _budget));
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        switch (ParameterSetName)
        {
            case PathSet:
                SendFiles(Path!.SelectMany(path => InputFile.Of(this, path)));
                break;
            case LiteralPathSet:
                SendFiles(LiteralPath!.SelectMany(path => InputFile.OfLiteral(this, path)));
                break;
            default:
                Send(AsJson ? InputObject : OutgoingMessage.Unwrap(InputObject));
                break;
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        // A message that lacks a part is another message, so nothing of it is sent.
        if (AsByteStream && _byteStream.Length > 0 && !_isByteMissing)
        {
            byte[] bytes = _byteStream.ToArray();
            if (Send(OutgoingMessage.OfBytes(bytes, Type), bytes) && PassThru)
            {
                WriteObject(bytes);
            }
        }

        Flush();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (_tally.Accepted > 0 && !_isFlushed)
            {
                // Stopped half-way, and perhaps the end of the script: what was accepted gets a moment to leave.
                WaitBriefly(() => _socket.FlushAsync(CancellationToken.None));
            }

            _budget?.Dispose();
            _byteStream.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Send(object? item)
    {
        if (AsByteStream)
        {
            Collect(item);
            return;
        }

        OutgoingMessage message;
        if (AsJson)
        {
            try
            {
                message = OutgoingMessage.OfText((_jsonWriter ??= new JsonWriter(this, Json, Depth, StopToken)).Write(item), Type);
            }
            catch (FormatException e)
            {
                WriteError(WsErrors.NoJson(e, item));
                return;
            }
        }
        else if (!OutgoingMessage.TryFrom(item, Type, out message))
        {
            WriteError(WsErrors.UnsupportedInputObject(item));
            return;
        }

        if (Send(message, item) && PassThru)
        {
            WriteObject(item);
        }
    }

    private void Collect(object? item)
    {
        if (OutgoingMessage.AsByte(item) is { } single)
        {
            _byteStream.WriteByte(single);
        }
        else if (OutgoingMessage.TryFrom(item, SocketMessageType.Binary, out OutgoingMessage several) && item is not string)
        {
            _byteStream.Write(several.Payload.Span);
        }
        else
        {
            _isByteMissing = true;
            WriteError(WsErrors.NotBytes(item));
        }
    }

    private bool Send(in OutgoingMessage message, object? item)
    {
        if (FragmentSize == 0)
        {
            return HandOver(message, item);
        }

        ReadOnlyMemory<byte> payload = message.Payload;
        if (payload.Length <= FragmentSize)
        {
            return HandOver(message, item);
        }

        if (message.Type == SocketMessageType.Utf8 && !Utf8.IsValid(payload.Span))
        {
            WriteError(WsErrors.InvalidMessage("The bytes are not UTF-8 and cannot be a text message; send them as binary.", item));
            return false;
        }

        using MemoryStream content = new(payload.ToArray(), writable: false);
        return SendFragments(content, FragmentSize, message.Type, item, null);
    }

    /// <summary>Hands a whole message over. The usual case, room in the send buffer, takes no task and no timer.</summary>
    private bool HandOver(in OutgoingMessage message, object? item)
    {
        _budget.Begin();
        RequestNumbers.Note(_socket, message.Text);
        while (true)
        {
            try
            {
                ValueTask sending = message.SendAsync(_socket, _budget.Token);
                if (!sending.IsCompletedSuccessfully)
                {
                    Await(sending.AsTask());
                }

                _tally.Accept();
                return true;
            }
            catch (OperationCanceledException) when (!StopToken.IsCancellationRequested)
            {
                WriteError(WsErrors.SendTimeout(_socket, _budget.Limit, item));
                return false;
            }
            catch (ArgumentException e)
            {
                WriteError(WsErrors.InvalidMessage(LibraryText.WithoutParameterName(e), item));
                return false;
            }
            catch (MessageWebSocketException e)
            {
                ReplaceSocketOrStop(e);
            }
            catch (ObjectDisposedException)
            {
                ReplaceSocketOrStop(null);
            }
        }
    }

    private void SendFiles(IEnumerable<InputFile> files)
    {
        foreach (InputFile file in files)
        {
            try
            {
                SendFile(file);
            }
            catch (Exception e) when (InputFile.IsFault(e))
            {
                WriteError(WsErrors.FileError(e, file.Path));
            }
        }
    }

    private void SendFile(InputFile file)
    {
        const int DefaultFragmentSize = 64 * 1024;
        using Stream opened = file.Open(out bool isText);
        SocketMessageType type = Type ?? (isText ? SocketMessageType.Utf8 : SocketMessageType.Binary);

        // Text is looked at before its first byte goes out, and what comes through a pipe can be read only once.
        using MemoryStream? kept = type == SocketMessageType.Utf8 && !opened.CanSeek ? TextContent.Keep(opened, StopIfAsked) : null;
        Stream content = kept ?? opened;
        if (type == SocketMessageType.Utf8 && !TextContent.IsUtf8(content))
        {
            WriteError(WsErrors.InvalidMessage($"{file.Path} is not UTF-8 and cannot be a text message; send it as binary.", file.Item));
            return;
        }

        if (SendFragments(content, FragmentSize > 0 ? FragmentSize : DefaultFragmentSize, type, file.Item, file.Path) && PassThru)
        {
            WriteObject(file.Item);
        }
    }

    /// <summary>Sends a stream as one message, from its beginning again on a new connection where one is to be made.</summary>
    private bool SendFragments(Stream content, int fragmentSize, SocketMessageType type, object? item, string? path)
    {
        long furthest = 0;
        _budget.Begin();
        while (true)
        {
            try
            {
                return TrySendFragments(content, fragmentSize, type, item, path, ref furthest);
            }
            catch (MessageWebSocketException e)
            {
                ReplaceSocketOrStop(e);
            }
            catch (ObjectDisposedException)
            {
                ReplaceSocketOrStop(null);
            }

            if (!content.CanSeek)
            {
                throw new IOException($"{path} can be read only once, and the connection was lost before all of it was sent.");
            }

            content.Position = 0;
        }
    }

    // Once the first fragment of a message is out it has to be finished, or the connection is of no use.
    private bool TrySendFragments(
        Stream content, int fragmentSize, SocketMessageType type, object? item, string? path, ref long furthest)
    {
        FragmentReader reader = new(content, fragmentSize);
        TransferProgress? progress = path is null ? null : new TransferProgress(this, $"Sending {path}", reader.Length);
        bool isOpen = false;
        long sent = 0;
        try
        {
            while (true)
            {
                ReadOnlyMemory<byte> fragment = reader.Read(out bool isFinal);
                SendFragment(fragment, type, isFinal);
                isOpen = !isFinal;
                sent += fragment.Length;
                if (sent > furthest)
                {
                    // What goes over a new connection once more is no progress.
                    furthest = sent;
                    _budget.Restart();
                }

                if (isFinal)
                {
                    _tally.Accept();
                    progress?.Complete();
                    return true;
                }

                progress?.Report(sent);
            }
        }
        catch (OperationCanceledException) when (!StopToken.IsCancellationRequested)
        {
            WriteError(isOpen
                ? WsErrors.SendTimeoutInMessage(_socket, _budget.Limit, sent, CutOffText, item)
                : WsErrors.SendTimeout(_socket, _budget.Limit, item));
            return false;
        }
        catch (Exception e) when (e is MessageWebSocketException or ObjectDisposedException)
        {
            isOpen = false;
            throw;
        }
        catch (Exception e) when (isOpen && InputFile.IsFault(e))
        {
            throw new IOException(
                $"{e.Message.TrimEnd('.')}. {sent} bytes of this message were sent before. {CutOffText}", e);
        }
        finally
        {
            if (isOpen)
            {
                // A message half sent cannot be taken back, and nothing else can be sent before it ends. Nobody waits for the answer, but
                // only with one has the connection ended in order. It is lost either way, and nobody asked for that.
                SocketExtras.Of(_socket).IsCutOff = true;
                _ = _socket.CloseAsync().ContinueWith(static closed => closed.Exception, TaskScheduler.Default);
            }
        }
    }

    private void SendFragment(ReadOnlyMemory<byte> fragment, SocketMessageType type, bool isFinal)
    {
        ValueTask<uint> sending = isFinal
            ? _socket.SendFinalFrameAsync(fragment, type, null, _budget.Token)
            : _socket.SendNonfinalFrameAsync(fragment, type, null, _budget.Token);
        if (!sending.IsCompletedSuccessfully)
        {
            Await(sending.AsTask());
        }
    }

    private void Flush()
    {
        if (_tally.Accepted == 0)
        {
            return;
        }

        try
        {
            Await(_socket.FlushAsync(_budget.Token));
        }
        catch (OperationCanceledException) when (!StopToken.IsCancellationRequested)
        {
            WriteWarning(StillWaiting(_socket, _tally.Waiting, _tally.Accepted));
        }
        catch (MessageWebSocketException e)
        {
            _isFlushed = true;
            ThrowTerminatingError(Ended(e, _socket, _tally.Outcome(failed: 0)));
        }
        catch (ObjectDisposedException) when (_tally.Waiting > 0)
        {
            _isFlushed = true;
            ThrowTerminatingError(Ended(null, _socket, _tally.Outcome(failed: 0)));
        }
        catch (ObjectDisposedException)
        {
            // Closed since, with everything handed over before.
        }

        _isFlushed = true;
    }

    private void Use(MessageWebSocket socket)
    {
        _socket = socket;
        _tally.Use(socket);
        ShowFrames(socket);
    }

    /// <summary>Goes on with a new connection, or stops the cmdlet; either way no message is lost without being told.</summary>
    /// <param name="failure">Why the connection is of no use; null where it was closed in order.</param>
    private void ReplaceSocketOrStop(MessageWebSocketException? failure)
    {
        if (Renew(_socket, _budget, failure, _tally.Outcome(failed: 1)) is not { } successor)
        {
            _isFlushed = true;
            ThrowTerminatingError(Ended(failure, _socket, _tally.Outcome(failed: 1)));
            return;
        }

        if (_tally.Waiting > 0)
        {
            // What waits may still go out before the close frame.
            AwaitEnd(_socket);
        }

        if (_tally.Waiting > 0)
        {
            WriteError(EndOf(failure, _socket, $"{_tally.Outcome(failed: 0)} Those after them go over a new connection."));
        }

        Use(successor);
    }

    private void Await(Task task) => _budget.Spend(() => Wait(task));
}
