using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace MessageWebSockets.TestServer;

/// <summary>The frames of one connection of a <see cref="MannersServer"/>: each is judged by RFC 6455, but for the mistake.</summary>
internal sealed class MannersFrames(RawConnection connection, string mistake, bool isCompressed, Func<bool> isStalled)
{
    private const int ProtocolError = 1002;
    private const int InvalidPayload = 1007;
    private const int MessageTooBig = 1009;
    private const int Rsv1 = 4;
    private const long LargestSkipped = 64 * 1024 * 1024;

    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan s_pingInterval = TimeSpan.FromMilliseconds(200);

    private readonly List<byte[]> _fragments = [];
    private FrameOpcode _type;
    private bool _inMessage;
    private bool _isBehindPing;
    private bool _isDeflated;

    /// <summary>Reads and answers until the close handshake, a fault of the client, or its end.</summary>
    public async Task TalkAsync()
    {
        if (!await IsAliveAsync())
        {
            return;
        }

        byte[] head = new byte[2];
        while (await FillAsync(head))
        {
            if (isStalled())
            {
                await connection.DrainBytesAsync();
                return;
            }

            Frame frame = new(head[0], head[1]);
            byte[] extended = new byte[frame.ExtendedLength + (frame.IsMasked ? 4 : 0)];
            if (!await FillAsync(extended))
            {
                return;
            }

            ulong length = frame.LengthOf(extended);
            if (FaultOf(frame, length) is { } fault)
            {
                await connection.SendCloseAsync((ushort)fault);
                return;
            }

            if (length > LargestSkipped)
            {
                // What it waits for never comes.
                await connection.DrainBytesAsync();
                return;
            }

            byte[] payload = new byte[length];
            if (!await FillAsync(payload))
            {
                return;
            }

            if (frame.IsMasked)
            {
                FrameBytes.Unmask(payload, extended.AsSpan(frame.ExtendedLength));
            }

            if (!await AnswerAsync(frame, payload))
            {
                return;
            }
        }
    }

    // Who says nothing at all is let go, but by the server that keeps a crowd.
    private async Task<bool> IsAliveAsync()
    {
        Task first = connection.Channel.Source.EnsureAsync(1, connection.Stopping).AsTask();
        if (mistake == Mistakes.Crowd)
        {
            await first;
            return true;
        }

        if (mistake != Mistakes.DeadClients)
        {
            if (await Task.WhenAny(first, Task.Delay(s_silence, connection.Stopping)) == first)
            {
                return true;
            }

            await connection.SendCloseAsync(1001);
            return false;
        }

        while (await Task.WhenAny(first, Task.Delay(s_pingInterval, connection.Stopping)) != first)
        {
            await connection.SendFrameAsync(FrameOpcode.Ping);
        }

        return true;
    }

    private int? FaultOf(Frame frame, ulong length)
    {
        bool mayBeCompressed = isCompressed && frame.Reserved == Rsv1 && frame.Opcode is FrameOpcode.Text or FrameOpcode.Binary;
        return frame switch
        {
            { Reserved: not 0 } when !mayBeCompressed && mistake != Mistakes.ReservedBits => ProtocolError,
            { IsReservedOpcode: true } when mistake != Mistakes.ReservedOpcode => ProtocolError,
            { IsMasked: false } when mistake != Mistakes.Unmasked => ProtocolError,
            { IsControl: true, IsFinal: false } when mistake != Mistakes.FragmentedControl => ProtocolError,
            { IsControl: true } when length > 125 && mistake != Mistakes.LongControl => ProtocolError,
            { Opcode: FrameOpcode.Continuation } when !_inMessage && mistake != Mistakes.LoneContinuation => ProtocolError,
            { Opcode: FrameOpcode.Text or FrameOpcode.Binary } when _inMessage && mistake != Mistakes.MessageInMessage => ProtocolError,
            _ when length > long.MaxValue && mistake != Mistakes.TopBit => ProtocolError,
            _ when length > MannersServer.MessageLimit && mistake is not (Mistakes.NoMessageLimit or Mistakes.TopBit) => MessageTooBig,
            _ => null,
        };
    }

    /// <returns>False when the connection is over.</returns>
    private async Task<bool> AnswerAsync(Frame frame, byte[] payload)
    {
        switch (frame.Opcode)
        {
            case FrameOpcode.Ping:
                await PongAsync(payload);
                _isBehindPing = true;
                return true;
            case FrameOpcode.Close:
                await CloseAsync(payload);
                return false;
            case FrameOpcode.Continuation when !_inMessage:
            case FrameOpcode.Pong:
                return true;
            case FrameOpcode.Text or FrameOpcode.Binary or FrameOpcode.Continuation:
                return await TakeAsync(frame, payload);
            default:
                return true;
        }
    }

    private Task PongAsync(byte[] payload) => mistake switch
    {
        _ when _inMessage && mistake == Mistakes.NoPongInMessage => Task.CompletedTask,
        _ when _isBehindPing && mistake == Mistakes.OneCloseCodeFewPongs => Task.CompletedTask,
        Mistakes.OtherPong => connection.SendFrameAsync(FrameOpcode.Pong, "other"u8.ToArray()),
        _ => connection.SendFrameAsync(FrameOpcode.Pong, payload),
    };

    private async Task CloseAsync(byte[] payload)
    {
        int code = payload.Length < 2 ? 1005 : BinaryPrimitives.ReadUInt16BigEndian(payload);
        bool isLegal = payload.Length == 0 || code is >= 1000 and < 1015 and not (1004 or 1005 or 1006) or (>= 3000 and < 5000);
        if (mistake == Mistakes.NoCloseAnswer)
        {
            await connection.DrainBytesAsync();
            return;
        }

        byte[] answer = isLegal || mistake == Mistakes.AnyCloseCode || (code == 5000 && mistake == Mistakes.OneCloseCodeFewPongs)
            ? payload
            : FrameBytes.ClosePayload(ProtocolError);
        await connection.SendFrameAsync(FrameOpcode.Close, answer);
        if (mistake == Mistakes.NoTcpEnd)
        {
            await connection.DrainBytesAsync();
        }
    }

    private async Task<bool> TakeAsync(Frame frame, byte[] payload)
    {
        _isBehindPing = false;
        if (frame.Opcode != FrameOpcode.Continuation)
        {
            _fragments.Clear();
            _type = frame.Opcode;
            _isDeflated = frame.Reserved == Rsv1;
        }

        _fragments.Add(payload);
        _inMessage = !frame.IsFinal;
        if (_inMessage)
        {
            return true;
        }

        byte[] message = [.. _fragments.SelectMany(static fragment => fragment)];
        bool isSplit = _fragments.Count > 1;
        _fragments.Clear();
        if (_isDeflated)
        {
            message = Inflate(message, mistake == Mistakes.Bomb ? LargestSkipped : MannersServer.MessageLimit + 1);
        }

        if (message.Length > MannersServer.MessageLimit && mistake is not (Mistakes.NoMessageLimit or Mistakes.Bomb))
        {
            await connection.SendCloseAsync(MessageTooBig);
            return false;
        }

        if (_type == FrameOpcode.Text && mistake != (isSplit ? Mistakes.SplitUtf8 : Mistakes.Utf8) && !IsUtf8(message))
        {
            await connection.SendCloseAsync(InvalidPayload);
            return false;
        }

        await connection.SendFrameAsync(_type, message);
        return true;
    }

    private static byte[] Inflate(byte[] compressed, long most)
    {
        using DeflateStream inflate = new(new MemoryStream([.. compressed, 0x00, 0x00, 0xFF, 0xFF]), CompressionMode.Decompress);
        using MemoryStream message = new();
        byte[] buffer = new byte[16 * 1024];
        int count;
        while (message.Length < most && (count = inflate.Read(buffer)) > 0)
        {
            message.Write(buffer, 0, count);
        }

        return message.ToArray();
    }

    private static bool IsUtf8(byte[] bytes)
    {
        try
        {
            s_strictUtf8.GetCharCount(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    private async Task<bool> FillAsync(byte[] target)
    {
        try
        {
            for (int filled = 0; filled < target.Length;)
            {
                int count = await connection.ReadBytesAsync(target.AsMemory(filled));
                if (count == 0)
                {
                    return false;
                }

                filled += count;
            }

            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private readonly record struct Frame(byte First, byte Second)
    {
        public bool IsFinal => (First & 0x80) != 0;

        public int Reserved => (First >> 4) & 7;

        public FrameOpcode Opcode => (FrameOpcode)(First & 0x0F);

        public bool IsControl => (First & 0x08) != 0;

        public bool IsReservedOpcode => Opcode is not (FrameOpcode.Continuation or FrameOpcode.Text or FrameOpcode.Binary
            or FrameOpcode.Close or FrameOpcode.Ping or FrameOpcode.Pong);

        public bool IsMasked => (Second & 0x80) != 0;

        public int ExtendedLength => (Second & 0x7F) switch { 126 => 2, 127 => 8, _ => 0 };

        public ulong LengthOf(byte[] extended) => ExtendedLength switch
        {
            2 => BinaryPrimitives.ReadUInt16BigEndian(extended),
            8 => BinaryPrimitives.ReadUInt64BigEndian(extended),
            _ => (ulong)(Second & 0x7F),
        };
    }
}
