using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Net.WebSockets;

namespace MessageWebSockets.Connections;

/// <summary>The sending side of one connection: whole messages and frames, one message at a time, as they were asked for.</summary>
/// <remarks>
/// Thread-safe. A token only ends the wait for the turn and for room; a frame is then handed over whole. The memory it is given must be
/// over an array (<see cref="OwnMemory"/>): it is read with a gate held.
/// </remarks>
internal sealed class MessageSender(FrameStream transport, OpenedConnection opened, RecordSeparator? records, IConnectionEnd end)
    : IDisposable
{
    private readonly Gate _turn = new();
    private readonly Gate _fragmentTurn = new();
    private readonly OwnMessages _own = new(transport.Writer);

    // Made by the first to send, in its turn.
    private WebSocket? _compressing;
    private FragmentedMessage? _fragmented;
    private bool _isWatched;
    private long _lastSent;

    // Written in turn.
    private long _messages;
    private long _payloadBytes;

    // Written once, by whoever sends the close frame.
    private int _lastWordsLength = -1;

    /// <summary>Messages accepted.</summary>
    public long Messages => Volatile.Read(ref _messages) + (Volatile.Read(ref _lastWordsLength) >= 0 ? 1 : 0);

    /// <summary>The payload of what was accepted, in bytes before compression.</summary>
    public long PayloadBytes => Volatile.Read(ref _payloadBytes) + Math.Max(0, Volatile.Read(ref _lastWordsLength));

    /// <summary>
    /// When something was last sent, in milliseconds of <see cref="Environment.TickCount64"/>; known from <see cref="WatchSends"/> on.
    /// </summary>
    public long LastSent => Volatile.Read(ref _lastSent);

    /// <summary>
    /// How many messages of callers were accepted, are with the network, and are being written, or were in the write that failed: all but
    /// those of <see cref="TrySendNow"/> and <see cref="SendOwnAsync"/>.
    /// </summary>
    public (long Accepted, long Written, long InDoubt) OfCallers => _own.CountOthers(() => Messages);

    /// <summary>What goes ahead of the close frame, besides what was sent; null for nothing. Set before anything is received.</summary>
    public PendingBytes? LastWords { get; set; }

    // Compresses. Only a server's framing leaves the masking to others, and OutboundFrames does it far cheaper (MaskingKeys says why).
    private WebSocket Compressing => _compressing ??= WebSocket.CreateFromStream(transport, FramingOptions.ForCompressing(opened));

    /// <summary>Whether an exception says that the connection broke or ended, and nothing else.</summary>
    /// <remarks>The framing calls a send on an aborted connection cancelled; no token of a caller ever gets that far.</remarks>
    public static bool IsConnectionError(Exception e) =>
        e is IOException or WebSocketException or ObjectDisposedException or InvalidOperationException or SocketException
            or OperationCanceledException;

    /// <summary>Sends a whole message.</summary>
    public ValueTask SendAsync(ReadOnlyMemory<byte> message, SocketMessageType type, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return CanceledAsync(cancellationToken);
        }

        ReadOnlyMemory<byte> whole = records is not null && records.IsMissingIn(message.Span) ? records.Append(message.Span) : message;
        return TrySendAtOnce(whole.Span, type, out ValueTask result)
            ? result
            : SendInTurnAsync(new ReadOnlySequence<byte>(whole), type, cancellationToken);
    }

    /// <summary>As the other, for a payload in pieces, which leaves as one frame without being put together before.</summary>
    public ValueTask SendAsync(in ReadOnlySequence<byte> message, SocketMessageType type, CancellationToken cancellationToken)
    {
        if (message.IsSingleSegment || records is not null)
        {
            return SendAsync(message.IsSingleSegment ? message.First : message.ToArray(), type, cancellationToken);
        }

        if (cancellationToken.IsCancellationRequested)
        {
            return CanceledAsync(cancellationToken);
        }

        return TrySendAtOnce(new FramePayload(message), type, out ValueTask result)
            ? result
            : SendInTurnAsync(message, type, cancellationToken);
    }

    /// <summary>As the other, for a payload that is the caller's again when this returns: it is copied if it has to wait.</summary>
    public ValueTask SendAsync(ReadOnlySpan<byte> message, SocketMessageType type, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return CanceledAsync(cancellationToken);
        }

        if (records is not null && records.IsMissingIn(message))
        {
            return SendAsync(records.Append(message).AsMemory(), type, cancellationToken);
        }

        return TrySendAtOnce(message, type, out ValueTask result)
            ? result
            : SendInTurnAsync(new ReadOnlySequence<byte>(message.ToArray()), type, cancellationToken);
    }

    /// <summary>
    /// Sends a message that the connection says by itself, if it can leave at once: not in the turn of another, and not behind what the
    /// peer does not take. It is not compressed, which any message may be left.
    /// </summary>
    /// <returns>Whether it was sent.</returns>
    /// <exception cref="IOException">The connection broke or is closing.</exception>
    public bool TrySendNow(ReadOnlySpan<byte> message, SocketMessageType type)
    {
        ReadOnlySpan<byte> whole = records is not null && records.IsMissingIn(message) ? records.Append(message) : message;
        if (transport.Writer.Network.WaitingSince != 0 || !_turn.TryEnter(out Gate.Permit pass))
        {
            return false;
        }

        using (pass)
        {
            bool isSent = false;
            _own.Announce(_messages + 1);
            try
            {
                isSent = TrySendData(whole, type);
            }
            finally
            {
                WithdrawUnless(isSent);
            }

            return isSent;
        }
    }

    /// <summary>Sends a message that the connection says by itself, when its turn has come and there is room.</summary>
    public ValueTask SendOwnAsync(ReadOnlyMemory<byte> message, SocketMessageType type) => SendInTurnAsync(
        new ReadOnlySequence<byte>(records is not null && records.IsMissingIn(message.Span) ? records.Append(message.Span) : message),
        type,
        CancellationToken.None,
        isOwn: true);

    /// <summary>Sends what is pending when its turn has come and there is room, as one binary message.</summary>
    [SuppressMessage("Usage", "VSTHRD002", Justification = "Handing over waits for nothing: compressing reads and writes memory only.")]
    public async ValueTask SendAsync(PendingBytes pending, CancellationToken cancellationToken)
    {
        Exception? failure;
        using (await EnterAsync(_turn, cancellationToken).ConfigureAwait(false))
        {
            if (transport.Writer.WaitForRoomAsync(cancellationToken) is { } room)
            {
                await room.ConfigureAwait(false);
            }

            // Nothing in it waits: compressing reads and writes memory only.
            failure = pending.HandOver(bytes =>
                HandOverAsync(new ReadOnlySequence<byte>(bytes), SocketMessageType.Binary, FrameOpcode.Binary, isFinal: true)
                    .AsTask().GetAwaiter().GetResult());
        }

        if (failure is not null)
        {
            throw await end.ExplainAsync(failure).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Sends <see cref="LastWords"/>, for whoever sends the close frame: not in turn, as whoever has it may wait for room, and whatever
    /// room there is, as it is not more than one frame. Not compressed, which any message may be left.
    /// </summary>
    public void SendLastWords() => LastWords?.End(bytes =>
    {
        try
        {
            transport.Writer.SendData(FrameOpcode.Binary, isFinal: true, bytes.Span);
            Volatile.Write(ref _lastWordsLength, bytes.Length);
            return null;
        }
        catch (Exception e) when (e is IOException or OutOfMemoryException)
        {
            // A peer that is gone gets no last words, and none keep the connection, or the process, from its end.
            return e;
        }
    });

    /// <summary>Notes from now on when something is sent.</summary>
    public void WatchSends()
    {
        Volatile.Write(ref _lastSent, Environment.TickCount64);
        Volatile.Write(ref _isWatched, true);
    }

    /// <summary>One frame of a message. Whole messages wait until the last one is sent.</summary>
    /// <param name="data">Its payload.</param>
    /// <param name="type">The type of the message, if the caller names one.</param>
    /// <param name="typeOfNew">The type of a message that this frame begins without naming one.</param>
    /// <param name="isFinal">Whether it is the last one.</param>
    /// <param name="cancellationToken">Ends the wait for its turn and for room.</param>
    public async ValueTask SendFrameAsync(
        ReadOnlyMemory<byte> data, SocketMessageType? type, SocketMessageType typeOfNew, bool isFinal, CancellationToken cancellationToken)
    {
        Exception? failure;
        using (await EnterAsync(_fragmentTurn, cancellationToken).ConfigureAwait(false))
        {
            FragmentedMessage message = _fragmented ?? new FragmentedMessage(type ?? typeOfNew, records);
            if (_fragmented is null)
            {
                message.Begin(await EnterAsync(_turn, cancellationToken).ConfigureAwait(false));
                _fragmented = message;
            }

            bool isOver = false;
            try
            {
                ReadOnlyMemory<byte> payload = isFinal ? message.Finish(data) : data;
                byte[] unfinishedCharacter = message.Check(payload.Span, type, isFinal);
                if (transport.Writer.WaitForRoomAsync(cancellationToken) is { } room)
                {
                    await room.ConfigureAwait(false);
                }

                FrameOpcode opcode = message.HasBegun ? FrameOpcode.Continuation : OpcodeOf(message.Type);
                failure = await HandOverAsync(new ReadOnlySequence<byte>(payload), message.Type, opcode, isFinal).ConfigureAwait(false);
                if (failure is null)
                {
                    message.Advance(unfinishedCharacter, payload.Span);
                    isOver = isFinal;
                }
            }
            finally
            {
                // A first frame that was given up while it waited has opened no message.
                if (isOver || !message.HasBegun)
                {
                    _fragmented = null;
                    message.Dispose();
                }
            }
        }

        if (failure is not null)
        {
            throw await end.ExplainAsync(failure).ConfigureAwait(false);
        }
    }

    public void Dispose() => _compressing?.Dispose();

    private static async ValueTask CanceledAsync(CancellationToken cancellationToken)
    {
        await ValueTask.CompletedTask.ConfigureAwait(false);
        throw ContractError.Canceled(cancellationToken);
    }

    private static FrameOpcode OpcodeOf(SocketMessageType type) => type == SocketMessageType.Utf8 ? FrameOpcode.Text : FrameOpcode.Binary;

    private static WebSocketMessageType FramingTypeOf(SocketMessageType type) =>
        type == SocketMessageType.Utf8 ? WebSocketMessageType.Text : WebSocketMessageType.Binary;

    // False when the message has to wait for its turn or for room, or is to be compressed.
    private bool TrySendAtOnce(in FramePayload message, SocketMessageType type, out ValueTask result)
    {
        result = default;
        if (opened.Compression is not null || !_turn.TryEnter(out Gate.Permit pass))
        {
            return false;
        }

        try
        {
            using (pass)
            {
                return TrySendData(message, type);
            }
        }
        catch (Exception e) when (IsConnectionError(e))
        {
            result = FailAsync(e);
            return true;
        }
    }

    // In turn; false when there is no room.
    private bool TrySendData(in FramePayload message, SocketMessageType type)
    {
        bool isSent = transport.Writer.TrySendData(OpcodeOf(type), message);
        if (isSent)
        {
            Count(message.Length, isMessage: true);
        }

        return isSent;
    }

    private async ValueTask SendInTurnAsync(
        ReadOnlySequence<byte> message, SocketMessageType type, CancellationToken cancellationToken, bool isOwn = false)
    {
        Exception? failure;
        using (await EnterAsync(_turn, cancellationToken).ConfigureAwait(false))
        {
            if (transport.Writer.WaitForRoomAsync(cancellationToken) is { } room)
            {
                await room.ConfigureAwait(false);
            }

            failure = isOwn
                ? await HandOverOwnAsync(message, type).ConfigureAwait(false)
                : await HandOverAsync(message, type, OpcodeOf(type), isFinal: true).ConfigureAwait(false);
        }

        if (failure is not null)
        {
            throw await end.ExplainAsync(failure).ConfigureAwait(false);
        }
    }

    private async ValueTask<Exception?> HandOverOwnAsync(ReadOnlySequence<byte> message, SocketMessageType type)
    {
        bool isSent = false;
        _own.Announce(_messages + 1);
        try
        {
            Exception? failure = await HandOverAsync(message, type, OpcodeOf(type), isFinal: true).ConfigureAwait(false);
            isSent = failure is null;
            return failure;
        }
        finally
        {
            WithdrawUnless(isSent);
        }
    }

    private void WithdrawUnless(bool isSent)
    {
        if (!isSent)
        {
            _own.Withdraw();
        }
    }

    // In turn. The exception when the connection broke: whoever is in its turn must leave first, because finding out why takes a while.
    private async ValueTask<Exception?> HandOverAsync(
        ReadOnlySequence<byte> data, SocketMessageType type, FrameOpcode opcode, bool isFinal)
    {
        try
        {
            if (opened.Compression is null)
            {
                transport.Writer.SendData(opcode, isFinal, new FramePayload(data));
            }
            else
            {
                // The framing takes one piece at a time, each of which becomes a frame.
                bool isWhole = isFinal && opcode != FrameOpcode.Continuation;
                long remaining = data.Length;
                foreach (ReadOnlyMemory<byte> piece in data)
                {
                    // An empty one is the message where there is nothing else, and no frame otherwise.
                    if (piece.Length > 0 && (remaining -= piece.Length) > 0)
                    {
                        await CompressAsync(piece, type, isFinal: false, isWhole).ConfigureAwait(false);
                        isWhole = false;
                    }
                    else if (remaining == 0)
                    {
                        await CompressAsync(piece, type, isFinal, isWhole).ConfigureAwait(false);
                        break;
                    }
                }
            }

            Count((int)data.Length, isMessage: isFinal);
            return null;
        }
        catch (Exception e) when (IsConnectionError(e))
        {
            return e;
        }
    }

    private async ValueTask CompressAsync(ReadOnlyMemory<byte> data, SocketMessageType type, bool isFinal, bool isWhole)
    {
        try
        {
            await Compressing.SendAsync(data, FramingTypeOf(type), isFinal, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (!IsConnectionError(e))
        {
            // Such as no memory: what the compression has seen and the peer has not would be missing from all that follows. A new one
            // refers to nothing before it; but in the middle of a message it cannot take over.
            _compressing = null;
            if (!isWhole)
            {
                transport.Writer.RefuseWrites(e);
            }

            throw;
        }
    }

    private async ValueTask FailAsync(Exception failure) => throw await end.ExplainAsync(failure).ConfigureAwait(false);

    // A message whose fragments never end keeps its turn; the end of the connection frees those who wait for theirs.
    private async ValueTask<Gate.Permit> EnterAsync(Gate gate, CancellationToken cancellationToken)
    {
        if (gate.TryEnter(out Gate.Permit pass))
        {
            return pass;
        }

        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, end.Ended);
        try
        {
            return await gate.EnterAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e)
        {
            throw cancellationToken.IsCancellationRequested ? ContractError.Canceled(cancellationToken, e) : end.Refusal();
        }
    }

    // In turn, so that nothing has to be added at one blow.
    private void Count(int payloadLength, bool isMessage)
    {
        if (_isWatched)
        {
            Volatile.Write(ref _lastSent, Environment.TickCount64);
        }

        Volatile.Write(ref _payloadBytes, _payloadBytes + payloadLength);
        if (isMessage)
        {
            Volatile.Write(ref _messages, _messages + 1);
        }
    }
}
