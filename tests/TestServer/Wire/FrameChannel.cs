using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace MessageWebSockets.TestServer;

/// <summary>
/// A server's end of an upgraded connection at the level of frames: no validation, no automatic answers, fast where a
/// benchmark leans on it. One reader at a time; any number of senders.
/// </summary>
public sealed class FrameChannel : IDisposable
{
    private const int BufferSize = 256 * 1024;
    private const int MaximumPayload = 1 << 30;
    private const int ShortestMaskedHeader = 6;

    private readonly Stream _stream;
    private readonly ByteSource _source;
    private readonly WireCapture _received;
    private readonly WireCapture _sent;
    private readonly SemaphoreSlim _writing = new(1, 1);

    public FrameChannel(Stream stream, int captureLimit = 0)
    {
        _stream = stream;
        _received = new WireCapture(captureLimit);
        _sent = new WireCapture(captureLimit);
        _source = new ByteSource(stream, BufferSize, _received.Add);
    }

    public long BytesRead => _received.Count;

    public long BytesWritten => _sent.Count;

    /// <summary>The first bytes that came from the peer, as far as the capture limit goes.</summary>
    public byte[] ReceivedBytes => _received.ToArray();

    public byte[] SentBytes => _sent.ToArray();

    internal ByteSource Source => _source;

    public async Task SendBytesAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await _stream.WriteAsync(bytes, cancellationToken);
            await _stream.FlushAsync(cancellationToken);
            _sent.Add(bytes);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>The next frame; null when the peer ended the connection at a frame's border.</summary>
    /// <exception cref="EndOfStreamException">The peer ended inside a frame.</exception>
    public async Task<RawFrame?> ReadFrameAsync(CancellationToken cancellationToken)
    {
        if (!await _source.EnsureAsync(2, cancellationToken))
        {
            return _source.Available.Length == 0 ? null : throw CutFrame();
        }

        int headerLength = HeaderLength(_source.Available.Span[1]);
        if (!await _source.EnsureAsync(headerLength, cancellationToken))
        {
            throw CutFrame();
        }

        byte[] header = _source.Available[..headerLength].ToArray();
        _source.Advance(headerLength);
        ulong length = PayloadLength(header);
        if (length > MaximumPayload)
        {
            throw new InvalidDataException($"A frame of {length} bytes is more than the test server takes in one piece.");
        }

        byte[] raw = new byte[headerLength + (int)length];
        header.CopyTo(raw, 0);
        for (int filled = headerLength; filled < raw.Length;)
        {
            int count = await _source.ReadAsync(raw.AsMemory(filled), cancellationToken);
            filled += count > 0 ? count : throw CutFrame();
        }

        bool masked = (header[1] & 0x80) != 0;
        byte[] payload = raw[headerLength..];
        if (masked)
        {
            FrameBytes.Unmask(payload, header.AsSpan(headerLength - 4));
        }

        return new RawFrame((FrameOpcode)(header[0] & 0x0F), (header[0] & 0x80) != 0, (header[0] >> 4) & 7, masked, payload, raw);
    }

    /// <summary>
    /// Sends a flood as fast as the peer takes it, while a sink reads beside it (and answers pings); returns after the close.
    /// </summary>
    public async Task FloodAsync(FloodPlan plan, CancellationToken cancellationToken)
    {
        using CancellationTokenSource peerGone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task reading = SinkAndSignalAsync(peerGone);
        try
        {
            FloodChunk chunk = new(plan);
            for (long next = 0; (plan.Count < 0 || next < plan.Count) && !peerGone.IsCancellationRequested;)
            {
                int count = plan.Count < 0 ? chunk.FramesPerChunk : (int)Math.Min(chunk.FramesPerChunk, plan.Count - next);
                await SendBytesAsync(chunk.Fill(next, count), peerGone.Token);
                next += count;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The peer closed before it had read everything: its right.
        }
        finally
        {
            await reading;
        }
    }

    /// <summary>
    /// Reads and counts without keeping anything. Answers a text message "count" with its JSON, pings with pongs and a close
    /// with its echo; returns what it counted once the peer has closed or gone.
    /// </summary>
    public async Task<SinkCount> SinkAsync(CancellationToken cancellationToken)
    {
        SinkCount count = new(0, 0);
        while (await _source.EnsureAsync(ShortestMaskedHeader, cancellationToken))
        {
            count = SkipWholeDataFrames(count);
            if (_source.Available.Length < ShortestMaskedHeader)
            {
                continue;
            }

            int headerLength = HeaderLength(_source.Available.Span[1]);
            if (!await _source.EnsureAsync(headerLength, cancellationToken))
            {
                break;
            }

            byte first = _source.Available.Span[0];
            ulong length = PayloadLength(_source.Available.Span);
            if ((first & 0x08) != 0 || IsMaybeCount(first, length))
            {
                RawFrame? frame = await ReadFrameAsync(cancellationToken);
                if (frame is null || !await AnswerAsync(frame, count, cancellationToken))
                {
                    break;
                }

                if (frame.Opcode is FrameOpcode.Text && TextOf(frame) != "count")
                {
                    count = count.Plus((int)length, 1);
                }

                continue;
            }

            _source.Advance(headerLength);
            if (!await SkipAsync(length, cancellationToken))
            {
                break;
            }

            count = count.Plus((long)length, (first & 0x80) != 0 ? 1 : 0);
        }

        return count;
    }

    public void Dispose() => _writing.Dispose();

    private static EndOfStreamException CutFrame() => new("The peer ended the connection inside a frame.");

    private static string TextOf(RawFrame frame)
    {
        if (frame.Rsv == 0)
        {
            return frame.Text;
        }

        using DeflateStream inflate = new(new MemoryStream([.. frame.Payload, 0, 0, 0xFF, 0xFF]), CompressionMode.Decompress);
        using StreamReader reader = new(inflate);
        return reader.ReadToEnd();
    }

    private static bool IsMaybeCount(byte first, ulong length) => (first == 0x81 && length == 5) || (first == 0xC1 && length < 16);

    private static int HeaderLength(byte second) =>
        2 + ((second & 0x7F) switch { 126 => 2, 127 => 8, _ => 0 }) + ((second & 0x80) != 0 ? 4 : 0);

    private static ulong PayloadLength(ReadOnlySpan<byte> header) => (header[1] & 0x7F) switch
    {
        126 => BinaryPrimitives.ReadUInt16BigEndian(header[2..]),
        127 => BinaryPrimitives.ReadUInt64BigEndian(header[2..]),
        int length => (ulong)length,
    };

    private async Task SinkAndSignalAsync(CancellationTokenSource peerGone)
    {
        try
        {
            await SinkAsync(peerGone.Token);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // A reset ends the flood just as a close does.
        }
        finally
        {
            await peerGone.CancelAsync();
        }
    }

    /// <summary>The fast path: small data frames that lie whole in the buffer, without a task for any of them.</summary>
    private SinkCount SkipWholeDataFrames(SinkCount count)
    {
        ReadOnlySpan<byte> bytes = _source.Available.Span;
        int position = 0;
        long messages = 0;
        long payload = 0;
        while (bytes.Length - position >= ShortestMaskedHeader)
        {
            byte first = bytes[position];
            int headerLength = HeaderLength(bytes[position + 1]);
            if ((first & 0x08) != 0 || bytes.Length - position < headerLength)
            {
                break;
            }

            ulong length = PayloadLength(bytes[position..]);
            if (IsMaybeCount(first, length) || length > (ulong)(bytes.Length - position - headerLength))
            {
                break;
            }

            position += headerLength + (int)length;
            payload += (long)length;
            messages += first >> 7;
        }

        _source.Advance(position);
        return count.Plus(payload, messages);
    }

    private async ValueTask<bool> SkipAsync(ulong length, CancellationToken cancellationToken)
    {
        while (length > 0)
        {
            if (!await _source.EnsureAsync(1, cancellationToken))
            {
                return false;
            }

            int count = (int)Math.Min(length, (ulong)_source.Available.Length);
            _source.Advance(count);
            length -= (ulong)count;
        }

        return true;
    }

    private async Task<bool> AnswerAsync(RawFrame frame, SinkCount count, CancellationToken cancellationToken)
    {
        switch (frame.Opcode)
        {
            case FrameOpcode.Close:
                await SendBytesAsync(FrameBytes.Build(FrameOpcode.Close, frame.Payload), cancellationToken);
                return false;
            case FrameOpcode.Ping:
                await SendBytesAsync(FrameBytes.Build(FrameOpcode.Pong, frame.Payload), cancellationToken);
                return true;
            case FrameOpcode.Text when TextOf(frame) == "count":
                await SendBytesAsync(FrameBytes.Build(FrameOpcode.Text, Encoding.UTF8.GetBytes(count.ToJson())), cancellationToken);
                return true;
            default:
                return true;
        }
    }
}
