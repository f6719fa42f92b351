using System.Globalization;
using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Errors;

/// <summary>
/// The error records of the module: a stable id, what happened, and what to do about it. about_WebSocket_Errors lists the ids.
/// </summary>
internal static partial class WsErrors
{
    public static ErrorRecord NoOpenSocket() => Create(
        "NoOpenSocket",
        new InvalidOperationException("This session has no open socket."),
        "Open one with Connect-MessageWebSocket, or name one with -Socket.",
        ErrorCategory.InvalidOperation,
        null);

    public static ErrorRecord SeveralUnreadSockets(IReadOnlyList<MessageWebSocket> ended) => Create(
        "SeveralOpenSockets",
        new InvalidOperationException(
            $"This session has no open socket, and {ended.Count} that ended with messages unread: {string.Join(", ", ended)}."),
        "Say which one with -Socket.",
        ErrorCategory.InvalidOperation,
        ended);

    public static ErrorRecord SeveralOpenSockets(IReadOnlyList<MessageWebSocket> open) => Create(
        "SeveralOpenSockets",
        new InvalidOperationException($"This session has {open.Count} open sockets: {string.Join(", ", open)}."),
        "Say which one with -Socket.",
        ErrorCategory.InvalidOperation,
        open);

    /// <summary>Says that no socket of the session has a name, and which names there are.</summary>
    public static string UnknownName(string name, IEnumerable<MessageWebSocket> sockets)
    {
        string[] names = [.. sockets.Select(static s => s.Name).Where(static n => n.Length > 0).Distinct(StringComparer.OrdinalIgnoreCase)];
        string known = names.Length == 0 ? "It has none with a name." : $"Its sockets: {string.Join(", ", names)}.";
        return $"This session has no socket named '{name}'. {known}";
    }

    public static ErrorRecord SocketNotFound(string name, IEnumerable<MessageWebSocket> sockets)
    {
        string[] names = [.. sockets.Select(static socket => socket.Name)];
        return Create(
            "SocketNotFound",
            new ItemNotFoundException($"This session has no socket named '{name}'."),
            names.Length == 0 ? "It has none at all; Connect-MessageWebSocket opens one." : $"Its sockets: {string.Join(", ", names)}.",
            ErrorCategory.ObjectNotFound,
            name);
    }

    public static ErrorRecord SocketNameInUse(string name) => Create(
        "SocketNameInUse",
        new InvalidOperationException($"A socket of this session is already named '{name}'."),
        "Choose another -Name, or close that socket first.",
        ErrorCategory.ResourceExists,
        name);

    public static ErrorRecord SocketAlreadyConnected(MessageWebSocket socket) => Create(
        "SocketAlreadyConnected",
        new InvalidOperationException(
            $"{Describe(socket)} is {socket.State}: a socket connects once, and its request headers go out with the connect."),
        "Set headers before connecting, or connect a new socket.",
        ErrorCategory.InvalidOperation,
        socket);

    public static ErrorRecord SocketNotConnected(MessageWebSocket socket) => Create(
        "SocketNotConnected",
        new InvalidOperationException($"{Describe(socket)} is not connected yet."),
        "Connect it with Connect-MessageWebSocket -Socket.",
        ErrorCategory.InvalidOperation,
        socket);

    public static ErrorRecord MessagesGoToHandlers(MessageWebSocket socket) => Create(
        "MessagesGoToHandlers",
        new InvalidOperationException($"The messages of {Describe(socket)} go to the handlers of its MessageReceived event."),
        "Handle them there, or use a socket without such handlers.",
        ErrorCategory.InvalidOperation,
        socket);

    /// <summary>Nothing came in time.</summary>
    /// <param name="sockets">What was received from.</param>
    /// <param name="timeout">How long nothing came.</param>
    /// <param name="isFollowing">Whether there is no limit unless one is given.</param>
    /// <param name="progress">What was received before.</param>
    /// <param name="passedOver">What -Filter left; null when there was none.</param>
    /// <param name="isFull">Whether an inbox is full, so that nothing more arrives.</param>
    public static ErrorRecord ReceiveTimeout(
        IReadOnlyList<MessageWebSocket> sockets, TimeSpan timeout, bool isFollowing, string? progress, string? passedOver, bool isFull)
    {
        string what = passedOver is null ? "" : " that -Filter accepts";
        string from = sockets is [var only] ? Describe(only) : $"{sockets.Count} sockets";
        string open = sockets is [_] ? "The connection is still open" : "The connections are still open";
        string advice = isFollowing
            ? "Call Receive-WsMessage again, or leave out -TimeoutSeconds."
            : "Call Receive-WsMessage again, or use -Follow to wait without a limit.";
        return Create(
            "ReceiveTimeout",
            new TimeoutException(
                $"No message{what} from {from} within {Seconds(timeout)}{(progress is null ? "" : $" ({progress})")}. {open}.{passedOver}"),
            isFull ? "The inbox is full, so that nothing more is read; empty it with Receive-WsMessage -All." : advice,
            ErrorCategory.OperationTimeout,
            sockets is [var target] ? target : sockets);
    }

    /// <summary>Nothing more can come, for what a filter left takes all the room there is.</summary>
    public static ErrorRecord InboxFull(MessageWebSocket socket, string? passedOver) => Create(
        "InboxFull",
        new InvalidOperationException(
            $"The inbox of {Describe(socket)} is full ({socket.Information.MessagesQueued} messages), "
            + $"so that nothing more is read.{passedOver}"),
        "Take them with Receive-WsMessage -All, and receive again. Connect-MessageWebSocket has -InboxLimit for more room, "
        + "and -InboxFullMode DropOldest.",
        ErrorCategory.LimitsExceeded,
        socket);

    /// <summary>The time was over before a lost connection was renewed.</summary>
    public static ErrorRecord ReconnectTimeout(MessageWebSocket socket, TimeSpan timeout, string? progress) => Create(
        "ReconnectTimeout",
        new TimeoutException(
            $"The connection to {Describe(socket)} was lost, and could not be renewed within "
            + $"{Seconds(timeout)}.{(progress is null ? "" : $" {progress}")}"),
        "Call the command again, which goes on with the attempts, or give a longer -TimeoutSeconds (0 for no limit).",
        ErrorCategory.OperationTimeout,
        socket);

    public static ErrorRecord ReplyTimeout(MessageWebSocket socket, TimeSpan timeout, int unreadable)
    {
        long waiting = socket.Information.MessagesQueued;
        string others = waiting switch
        {
            0 => "Nothing else came.",
            1 => "1 message waits in the inbox.",
            _ => $"{waiting} messages wait in the inbox.",
        };
        string noJson = unreadable == 0 ? "" : $" Of what came meanwhile, {unreadable} {(unreadable == 1 ? "was" : "were")} no JSON.";
        string request = Unsent(socket) == 0
            ? "The request was sent and the connection is open."
            : "The request, or the end of it, still waits until the server reads; the connection is open.";
        return Create(
            "ReplyTimeout",
            new TimeoutException($"No reply from {Describe(socket)} within {Seconds(timeout)}. {request} {others}{noJson}"),
            socket.Information.IsInboxFull
                ? "The inbox is full, so that nothing more is read; empty it with Receive-WsMessage."
                : "A late reply stays in the inbox for Receive-WsMessage.",
            ErrorCategory.OperationTimeout,
            socket);
    }

    /// <summary>How many messages were accepted and have not left, or not whole.</summary>
    public static long Unsent(MessageWebSocket socket)
    {
        // In this order; and a message is written, where nobody is in its way, before it is counted as sent.
        long written = socket.Information.MessagesWritten;
        return Math.Max(0, socket.Information.MessagesSent - written);
    }

    public static ErrorRecord SendTimeout(MessageWebSocket socket, TimeSpan timeout, object? item) => Create(
        "SendTimeout",
        new TimeoutException(
            $"{Describe(socket)} took no more data within {Seconds(timeout)}. "
            + "This message was not sent, and the connection is still open."),
        "The server reads too slowly; send again later.",
        ErrorCategory.OperationTimeout,
        item);

    public static ErrorRecord SendTimeoutInMessage(
        MessageWebSocket socket, TimeSpan timeout, long sent, string advice, object? item) => Create(
        "SendTimeout",
        new TimeoutException($"{Describe(socket)} took no more data within {Seconds(timeout)}, after {sent} bytes of this message."),
        advice,
        ErrorCategory.OperationTimeout,
        item);

    public static ErrorRecord NotBytes(object? item) => Create(
        "UnsupportedInputObject",
        new ArgumentException($"{NoByte(item)}, and -AsByteStream collects bytes. Nothing of the message is sent."),
        "Get bytes with Get-Content -AsByteStream for example, or leave -AsByteStream out.",
        ErrorCategory.InvalidType,
        item);

    private static string NoByte(object? item) => (item is PSObject wrapped ? wrapped.BaseObject : item) switch
    {
        null => "Null is no byte",
        sbyte or short or ushort or int or uint or long or ulong =>
            string.Create(CultureInfo.InvariantCulture, $"{item} is no byte, for bytes are 0 to 255"),
        object other => $"An object of type {other.GetType().Name} is no byte",
    };

    public static ErrorRecord UnsupportedInputObject(object? item)
    {
        string what = item is null ? "Null" : $"An object of type {TypeName(item)}";
        string advice = item switch
        {
            FileSystemInfo or Stream => "Send a file with -Path.",
            byte => "Collect bytes into one message with -AsByteStream.",
            _ => "Send it as JSON with -AsJson, or make it a string or byte array first.",
        };
        return Create(
            "UnsupportedInputObject",
            new ArgumentException($"{what} is no message: a message is a string or a byte array."),
            advice,
            ErrorCategory.InvalidType,
            item);
    }

    public static ErrorRecord UnsupportedRequest(object? item) => Create(
        "UnsupportedInputObject",
        new ArgumentException(
            $"{(item is null ? "Null" : $"An object of type {TypeName(item)}")} cannot be numbered: with -IdProperty a request is JSON."),
        item is byte[] ? "Give it as text, or leave out -IdProperty." : "Send it as JSON with -AsJson, or give JSON as a string.",
        ErrorCategory.InvalidType,
        item);

    public static ErrorRecord NoProbeResult(object? item) => Create(
        "UnsupportedInputObject",
        new ArgumentException(
            $"{(item is null ? "Null" : $"An object of type {TypeName(item)}")} is no result of Test-WsEndpoint, "
            + "Test-WsServer or Measure-WsLoad."),
        "Pipe results of those here, or what was saved of them with Export-Csv, Export-Clixml or ConvertTo-Json.",
        ErrorCategory.InvalidType,
        item);

    public static ErrorRecord InvalidMessage(string message, object? item) => Create(
        "InvalidMessage", new ArgumentException(message), null, ErrorCategory.InvalidData, item);

    public static ErrorRecord InvalidJson(WsMessage message, FormatException e) => Create(
        "InvalidJson",
        // What threw it has parts of the message in its text, as they are.
        new FormatException($"A message of {message.Length} bytes cannot be read as JSON. {TerminalText.Escape(e.Message)}"),
        "The message itself is the TargetObject of this error.",
        ErrorCategory.InvalidData,
        new WsMessageTarget(message));

    public static ErrorRecord JsonNotAvailable(NotSupportedException e) => Create(
        "JsonNotAvailable",
        e,
        "Use a version of PowerShell that this module was made for, or ConvertTo-Json and ConvertFrom-Json with the text of the messages.",
        ErrorCategory.NotImplemented,
        null);

    public static ErrorRecord ProfileNotFound(string name, IReadOnlyList<string> known) => Create(
        "ProfileNotFound",
        new ItemNotFoundException($"There is no profile '{TerminalText.Escape(name)}'."),
        $"Those that come with the module are {string.Join(", ", known)}; one of your own is a file, for -Path.",
        ErrorCategory.ObjectNotFound,
        name);

    public static ErrorRecord InvalidProfile(FormatException e, string file) =>
        Create("InvalidProfile", e, "Get-Help Get-WsProfile -Full says what a profile has.", ErrorCategory.InvalidData, file);

    /// <summary>Something that a script of -OnConnected emitted and certainly did not mean to send.</summary>
    public static ErrorRecord GreetingIsNoMessage(object item) => Create(
        "GreetingIsNoMessage",
        new InvalidOperationException(item is WsMessage
            ? "The script emitted a received message, and what it emits is sent."
            : "The script emitted a socket, and what it emits is sent."),
        "Assign what a command returns to a variable, or to $null; to send a message back, emit its Text or Bytes.",
        ErrorCategory.InvalidOperation,
        item is WsMessage message ? new WsMessageTarget(message) : item);

    /// <summary>A script of -OnConnected left no connection to go on with.</summary>
    public static ErrorRecord GreetingClosed(MessageWebSocket socket) => Create(
        "ConnectionClosed",
        new InvalidOperationException("it closed the connection"),
        "Throw in the script to refuse a connection, which says why.",
        ErrorCategory.ConnectionError,
        socket);

    /// <summary>A connect that failed because the script of -OnConnected did.</summary>
    public static ErrorRecord OnConnectedFailed(MessageWebSocketException e, Exception thrown, object? target)
    {
        ErrorRecord? inner = (thrown as RuntimeException)?.ErrorRecord;
        string where = inner?.InvocationInfo is { ScriptLineNumber: > 0 } place && !place.Line.Contains("$__ws", StringComparison.Ordinal)
            ? $" (line {place.ScriptLineNumber})"
            : "";
        string peer = e.PeerUri is { } uri ? Redaction.Of(uri) : "the server";
        string reason = ScriptFailure.Text(thrown).TrimEnd('.');
        return new ErrorRecord(e, "OnConnectedFailed", ErrorCategory.OperationStopped, target)
        {
            ErrorDetails = new ErrorDetails(
                $"The connection to {peer} was opened, and closed again because the script of -OnConnected failed: {reason}{where}.")
            {
                RecommendedAction = inner?.ErrorDetails?.RecommendedAction ?? "",
            },
        };
    }

    public static ErrorRecord NoJson(FormatException e, object? item) => Create(
        "InvalidMessage",
        new ArgumentException($"An object of type {TypeName(item)} cannot be written as JSON. {e.Message}", e.InnerException),
        null,
        ErrorCategory.InvalidData,
        item);

    public static ErrorRecord InvalidHeader(string message, string name) => Create(
        "InvalidHeader", new ArgumentException(LibraryText.WithParameters(message)), null, ErrorCategory.InvalidArgument, name);

    /// <summary>The name of a socket where an address is expected.</summary>
    public static ErrorRecord NameForAddress(MessageWebSocket socket) => InvalidUri(
        $"'{TerminalText.Escape(socket.Name)}' is the name of a socket of this session, and no address.",
        $"To talk through it: Enter-MessageWebSocket -Socket '{TerminalText.Escape(socket.Name)}'.",
        socket.Name);

    public static ErrorRecord InvalidUri(string message, string advice, object? target) => Create(
        "InvalidUri", new ArgumentException(message), advice, ErrorCategory.InvalidArgument, target);

    public static ErrorRecord InvalidSetting(string message, object? target) => Create(
        "InvalidSetting", new ArgumentException(LibraryText.WithParameters(message)), null, ErrorCategory.InvalidArgument, target);

    /// <summary>What has to be agreed to first, in a PowerShell that cannot ask.</summary>
    public static ErrorRecord CannotAsk(string message, object? target) => Create(
        "InvalidSetting",
        new InvalidOperationException(message),
        "Add -Confirm:$false where the answer is yes.",
        ErrorCategory.InvalidOperation,
        target);

    public static ErrorRecord ParameterConflict(string first, string second) => Create(
        "ParameterConflict",
        new ArgumentException($"-{first} and -{second} cannot be used together."),
        "Leave one of them out.",
        ErrorCategory.InvalidArgument,
        null);

    public static ErrorRecord UnencryptedAuthentication(Uri? uri) => Create(
        "UnencryptedAuthentication",
        new InvalidOperationException(
            $"Credentials would go over the network in plain text{(uri is null ? "" : $" to {Redaction.Of(uri)}")}."),
        "Use an address of wss, or add -AllowUnencryptedAuthentication if the network in between is trusted.",
        ErrorCategory.SecurityError,
        uri is null ? null : Redaction.Target(uri));

    public static ErrorRecord CertificateNotFound(string thumbprint) => Create(
        "CertificateNotFound",
        new ItemNotFoundException(
            $"No certificate with the thumbprint {thumbprint} and a private key is in the personal stores of this user or machine."),
        "Give the certificate itself with -Certificate.",
        ErrorCategory.ObjectNotFound,
        thumbprint);

    /// <summary>The file of a client certificate, or that of its key, is of no use.</summary>
    public static ErrorRecord CertificateUnreadable(Exception e, object certificate, string? keyFile) => Create(
        "CertificateUnreadable",
        new InvalidOperationException(
            $"{certificate}{(keyFile is null ? "" : $" with {keyFile}")} has no certificate with a private key that can "
            + $"be read: {e.Message}",
            e),
        "-CertificateKey names the PEM file of the key where the certificate's file has none, "
        + "and -CertificatePassword is for what is encrypted.",
        ErrorCategory.InvalidData,
        certificate);

    public static ErrorRecord FileError(Exception e, string path, ErrorCategory category = ErrorCategory.ReadError) => Create(
        "FileError", e, null, category, path);

    /// <summary>A peer answered a call with an error.</summary>
    /// <param name="what">What was called, in words.</param>
    /// <param name="text">The error in words.</param>
    /// <param name="error">The error as objects.</param>
    /// <param name="code">Its code.</param>
    /// <param name="data">What the peer added to it.</param>
    public static ErrorRecord JsonRpcError(string what, string text, object? error, object? code, object? data) => Create(
        "JsonRpcError",
        new JsonRpcException($"The server answered {what} with error {text}", code, data),
        "The whole error is the TargetObject; Code and ErrorData of the Exception are parts of it.",
        ErrorCategory.InvalidResult,
        PeerObject.Shown(error));

    public static ErrorRecord NoAnswerInBatch(string method, WsMessage answer) => Create(
        "NoAnswerInBatch",
        new InvalidOperationException($"The answer to the batch has none for '{TerminalText.Escape(method)}'."),
        "The answer itself is the TargetObject of this error.",
        ErrorCategory.InvalidResult,
        new WsMessageTarget(answer));

    public static ErrorRecord ReplyFilterFailed(Exception e, WsMessage message) =>
        FilterFailed("ReplyFilterFailed", "-ReplyFilter", e, message);

    public static ErrorRecord ReceiveFilterFailed(Exception e, WsMessage message) => FilterFailed("FilterFailed", "-Filter", e, message);

    private static ErrorRecord FilterFailed(string id, string filter, Exception e, WsMessage message)
    {
        const int Width = 120;
        if (e is RuntimeException thrown)
        {
            // The view of errors calls what was thrown by that statement an exception, and not by the command.
            thrown.WasThrownFromThrowStatement = false;
        }

        return new ErrorRecord(e, id, ErrorCategory.InvalidOperation, new WsMessageTarget(message))
        {
            ErrorDetails = new ErrorDetails(
                $"{filter} failed at the message {MessageText.OneLine(message, Width)}: {ScriptFailure.Text(e)}")
            {
                RecommendedAction = "The message is the TargetObject of this error, and in the inbox.",
            },
        };
    }

    public static ErrorRecord NotInteractive() => Create(
        "NotInteractive",
        new InvalidOperationException("Enter-MessageWebSocket needs a terminal: its input or its output is redirected."),
        "In scripts use Send-WsMessage and Receive-WsMessage.",
        ErrorCategory.InvalidOperation,
        null);

    /// <summary>A connect that failed.</summary>
    public static ErrorRecord Connect(MessageWebSocketException e, object? target) => FromException(e, target, ConnectAdvice(e));

    private static ErrorRecord FromException(
        MessageWebSocketException e, object? target, string? advice, string? detail = null, bool isRenewed = false)
    {
        (string message, string ownAdvice) = LibraryText.Of(e);
        if (isRenewed)
        {
            // What says to connect again is no use where that is done.
            message = LibraryText.Reason(e);
            ownAdvice = ownAdvice.Length > 0 ? ownAdvice : RenewalAdvice;
        }

        string id = e.IsSubProtocolRefused ? "SubProtocolRefused"
            : e.IsClosedByPeer ? "ConnectionClosed"
            : e.Status == WebErrorStatus.Unknown ? "WebSocketFailure"
            : e.Status.ToString();
        return new ErrorRecord(e, id, StatusCategory.Of(e.Status), target)
        {
            ErrorDetails = new ErrorDetails(detail is null ? message : $"{message} {detail}") { RecommendedAction = advice ?? ownAdvice },
        };
    }

    private static string? ConnectAdvice(MessageWebSocketException e) => e.Status switch
    {
        _ when e.IsSubProtocolRefused => "Offer with -SubProtocol what the server speaks, or leave out -RequireSubProtocol.",
        WebErrorStatus.Unauthorized => "Give them with -Credential, or a token with -Token.",
        _ => null,
    };

    private static string? BrokenAdvice(MessageWebSocketException e) => e.Status switch
    {
        WebErrorStatus.Timeout when !IsUnansweredClose(e) =>
            "-KeepAliveTimeoutSeconds of Connect-MessageWebSocket sets how long a server may give no sign of life.",
        _ => null,
    };

    private static string? TypeName(object? item) => (item is PSObject wrapped ? wrapped.BaseObject : item)?.GetType().Name;

    private static ErrorRecord Create(string id, Exception exception, string? advice, ErrorCategory category, object? target)
    {
        ErrorRecord record = new(exception, id, category, target);
        if (advice is not null)
        {
            // PowerShell shows the advice below the message.
            record.ErrorDetails = new ErrorDetails(exception.Message) { RecommendedAction = advice };
        }

        return record;
    }

    private static string Describe(MessageWebSocket socket) => socket.Uri is { } uri ? Redaction.Of(uri) : socket.ToString();

    internal static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture) + " s";
}
