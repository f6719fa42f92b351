using System.Buffers;

namespace MessageWebSockets.Messages;

/// <summary>
/// Cuts messages into the records they carry, each of which is a message from here on. The end of a message ends its last record,
/// with a separator or without; an empty record is none.
/// </summary>
/// <remarks>
/// The records of one message are handed out one by one, so that a full inbox holds the peer back between two of them as between two
/// messages. Until then they wait in the message they came in, which is within the size limit.
/// </remarks>
internal sealed class RecordReader(IMessageSource messages, RecordSeparator separator) : IMessageSource
{
    private ReceivedData _message;
    private ReadOnlySequence<byte> _rest;
    private bool _hasRest;

    // Of chunks: what may be the beginning of a separator, and whether a part of the record was handed out.
    private byte[] _begun = [];
    private bool _isInRecord;

    /// <summary>What cuts the messages of a source where that is asked for.</summary>
    public static IMessageSource Over(IMessageSource messages, RecordSeparator? separator) =>
        separator is null ? messages : new RecordReader(messages, separator);

    public async ValueTask<ReceivedData> ReceiveAsync()
    {
        while (true)
        {
            ReceivedData received = await messages.ReceiveAsync().ConfigureAwait(false);
            if (received.IsClose || IsInterruption(received))
            {
                return received;
            }

            Begin(received);
            if (TryCut(out ReceivedData record))
            {
                return record;
            }
        }
    }

    public bool TryReceiveBuffered(out ReceivedData received)
    {
        while (!TryCut(out received))
        {
            if (!messages.TryReceiveBuffered(out received))
            {
                return false;
            }

            Begin(received);
        }

        return true;
    }

    // How chunks tell of a message that did not end and of which nothing was handed out.
    private static bool IsInterruption(in ReceivedData received) => received is { Length: 0, IsComplete: false };

    private void Begin(in ReceivedData received)
    {
        _message = _begun.Length == 0 ? received : received with { Bytes = [.. _begun, .. received.Bytes!] };
        _begun = [];
        _rest = _message.Bytes is { } bytes ? new ReadOnlySequence<byte>(bytes) : _message.Long!.AsSequence();
        _hasRest = true;
    }

    private bool TryCut(out ReceivedData record)
    {
        while (_hasRest)
        {
            SequenceReader<byte> reader = new(_rest);
            bool isComplete = true;
            if (reader.TryReadTo(out ReadOnlySequence<byte> found, separator.Bytes))
            {
                _rest = reader.UnreadSequence;
            }
            else
            {
                found = _rest;
                isComplete = _message.IsComplete;
                _hasRest = false;
                if (!isComplete)
                {
                    found = HoldBack(found);
                }
            }

            if (!found.IsEmpty || (isComplete && _isInRecord))
            {
                record = Of(found, isComplete);
                _isInRecord = !isComplete;
                ForgetRead();
                return true;
            }
        }

        ForgetRead();
        record = default;
        return false;
    }

    private ReadOnlySequence<byte> HoldBack(in ReadOnlySequence<byte> chunk)
    {
        int held = separator.LengthBegunIn(chunk.FirstSpan);
        _begun = chunk.Slice(chunk.Length - held).ToArray();
        return chunk.Slice(0, chunk.Length - held);
    }

    private ReceivedData Of(in ReadOnlySequence<byte> found, bool isComplete)
    {
        if (found.Length == _message.Length)
        {
            return _message;
        }

        return found.Length <= Payload.SegmentLength
            ? new ReceivedData(found.ToArray(), null, _message.Type, isComplete)
            : new ReceivedData(null, Payload.CopyOf(found), _message.Type, isComplete);
    }

    private void ForgetRead()
    {
        if (!_hasRest)
        {
            _message = default;
            _rest = default;
        }
    }
}
