using System.Buffers;
using System.Net.WebSockets;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Sockets;

/// <summary>Memory whose owner is the caller's: what it throws is the caller's, and the next send works.</summary>
public sealed class ForeignMemoryTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static TheoryData<Exception, bool> Faults => new()
    {
        { new InvalidOperationException("the owner's own"), false },
        { new InvalidOperationException("the owner's own"), true },
        { new IOException("the owner's own"), false },
        { new OperationCanceledException("the owner's own"), false },
        { new ObjectDisposedException("the owner's own"), true },
        { new InsufficientMemoryException("the owner's own"), false },
        { new InsufficientMemoryException("the owner's own"), true },
    };

    [SocketTheory]
    [MemberData(nameof(Faults), DisableDiscoveryEnumeration = true)]
    public async Task What_an_owner_of_memory_throws_is_for_its_sender_and_the_next_send_works(Exception fault, bool isCompressed)
    {
        ArgumentNullException.ThrowIfNull(fault);
        await using Dialogue dialogue = isCompressed
            ? await Dialogue.OpenAsync(
                socket => socket.Control.Compression = new WebSocketDeflateOptions(),
                new HandshakeAnswer { Extensions = "permessage-deflate" })
            : await Dialogue.OpenAsync();
        using BadOwner owner = new(fault);
        Func<Task>[] sends =
        [
            () => dialogue.Socket.SendAsync(owner.Memory, SocketMessageType.Binary).AsTask(),
            () => dialogue.Socket.SendAsync(owner.Memory, SocketMessageType.Utf8).AsTask(),
            () => dialogue.Socket.SendSequenceAsync(new ReadOnlySequence<byte>(owner.Memory), SocketMessageType.Binary).AsTask(),
            () => dialogue.Socket.SendNonfinalFrameAsync(owner.Memory).AsTask(),
            () => dialogue.Socket.SendFinalFrameAsync(owner.Memory).AsTask(),
            () => dialogue.Socket.OutputStream.WriteAsync(owner.Memory).AsTask(),
        ];

        foreach (Func<Task> send in sends)
        {
            Exception thrown = await Assert.ThrowsAnyAsync<Exception>(() => Task.Run(send).WaitAsync(Patience));
            Assert.Same(fault, thrown);
            await dialogue.Socket.SendAsync("next", CancellationToken.None).AsTask().WaitAsync(Patience);
            await dialogue.PeerReadsAsync(WireOpcode.Text);
        }

        await dialogue.Socket.OutputStream.FlushAsync().WaitAsync(Patience);
        await dialogue.Socket.SendFinalFrameAsync("last"u8.ToArray(), SocketMessageType.Utf8).AsTask().WaitAsync(Patience);
        await dialogue.PeerReadsAsync(WireOpcode.Text);
        Assert.Equal(MessageWebSocketState.Open, dialogue.Socket.State);
        Assert.Equal(sends.Length + 1, dialogue.Socket.Information.MessagesSent);
    }

    [SocketFact]
    public async Task No_memory_for_a_message_is_an_exception_for_its_sender_and_the_next_send_works()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();

        // The frame of the longest array is longer than an array can be. None of its pages is ever touched.
        byte[] longest = GC.AllocateUninitializedArray<byte>(Array.MaxLength);
        Func<Task>[] sends =
        [
            () => dialogue.Socket.SendAsync(longest, SocketMessageType.Binary).AsTask(),
            () => dialogue.Socket.SendNonfinalFrameAsync(longest).AsTask(),
            () => dialogue.Socket.SendFinalFrameAsync(longest).AsTask(),
        ];

        foreach (Func<Task> send in sends)
        {
            await Assert.ThrowsAnyAsync<OutOfMemoryException>(() => Task.Run(send).WaitAsync(Patience));
            await dialogue.Socket.SendAsync("next", CancellationToken.None).AsTask().WaitAsync(Patience);
            Assert.Equal("next", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
        }

        Assert.Equal(sends.Length, dialogue.Socket.Information.MessagesSent);
    }

    [SocketFact]
    public async Task Memory_of_another_owner_is_sent_as_it_was_when_the_send_began()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(null, null, peer => peer.LimitReceiveBuffer(64 * 1024));

        // The first is being written and goes nowhere, the second fills what there is room for: the next one has to wait.
        await dialogue.Socket.SendAsync(new byte[8 * 1024 * 1024], SocketMessageType.Binary);
        await dialogue.Socket.SendAsync(new byte[2 * 1024 * 1024], SocketMessageType.Binary);
        using GoodOwner owner = new("before"u8.ToArray());
        Task sending = dialogue.Socket.SendAsync(owner.Memory, SocketMessageType.Binary).AsTask();
        Assert.False(sending.IsCompleted);
        "behind"u8.CopyTo(owner.Bytes);
        Assert.Equal(8 * 1024 * 1024, (await dialogue.PeerReadsAsync(WireOpcode.Binary)).Payload.Length);
        Assert.Equal(2 * 1024 * 1024, (await dialogue.PeerReadsAsync(WireOpcode.Binary)).Payload.Length);

        await sending.WaitAsync(Patience);
        Assert.Equal("before", (await dialogue.PeerReadsAsync(WireOpcode.Binary)).Text);
    }

    private sealed class BadOwner(Exception fault) : MemoryManager<byte>
    {
        public override Memory<byte> Memory => CreateMemory(6);

        public override Span<byte> GetSpan() => throw fault;

        public override MemoryHandle Pin(int elementIndex = 0) => throw fault;

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }

    private sealed class GoodOwner(byte[] bytes) : MemoryManager<byte>
    {
        public byte[] Bytes => bytes;

        public override Span<byte> GetSpan() => bytes;

        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
