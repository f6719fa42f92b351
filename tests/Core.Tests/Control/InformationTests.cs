using System.Net;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Control;

public sealed class InformationTests
{
    [Fact]
    public void Information_before_a_connect_is_empty()
    {
        using MessageWebSocket socket = new();
        MessageWebSocketInformation information = socket.Information;

        Assert.Null(information.LocalAddress);
        Assert.Equal(0, information.LocalPort);
        Assert.Null(information.RemoteAddress);
        Assert.Equal(0, information.RemotePort);
        Assert.Null(information.Protocol);
        Assert.Null(information.ServerCertificate);
        Assert.Empty(information.ServerIntermediateCertificates);
        Assert.Empty(information.ServerCertificateErrors);
        Assert.Equal(SocketSslErrorSeverity.None, information.ServerCertificateErrorSeverity);
        Assert.Null(information.HandshakeStatusCode);
        Assert.Empty(information.HandshakeHeaders);
        Assert.Null(information.Compression);
        Assert.Null(information.ConnectTimings);
        Assert.Null(information.OpenedAt);
        Assert.Null(information.LastRoundTripTime);
        Assert.Null(information.CloseCode);
        Assert.Null(information.CloseReason);
        Assert.Null(information.Failure);
        Assert.Equal(default, information.BandwidthStatistics);
        Assert.Equal(0, information.BytesSent + information.BytesReceived + information.FramesSent + information.FramesReceived);
    }

    [SocketFact]
    public async Task LocalAddress_LocalPort_RemoteAddress_and_RemotePort_are_those_of_the_TCP_connection()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        MessageWebSocketInformation information = dialogue.Socket.Information;

        Assert.Equal(IPAddress.Loopback, information.LocalAddress);
        Assert.Equal(IPAddress.Loopback, information.RemoteAddress);
        Assert.Equal(dialogue.Uri.Port, information.RemotePort);
        Assert.InRange(information.LocalPort, 1, 65535);
        Assert.NotEqual(information.LocalPort, information.RemotePort);
    }

    [SocketFact]
    public async Task ConnectTimings_HandshakeStatusCode_HandshakeHeaders_and_OpenedAt_tell_of_the_handshake()
    {
        DateTime before = DateTime.Now;
        await using Dialogue dialogue = await Dialogue.OpenAsync(answer: new HandshakeAnswer { Headers = [("X-Server", "raw")] });
        MessageWebSocketInformation information = dialogue.Socket.Information;

        Assert.Equal(HttpStatusCode.SwitchingProtocols, information.HandshakeStatusCode);
        Assert.Equal(["raw"], information.HandshakeHeaders["x-server"]);
        ConnectTimings timings = information.ConnectTimings!;
        Assert.Null(timings.NameResolution);
        Assert.Null(timings.Tls);
        Assert.True(timings.Tcp > TimeSpan.Zero);
        Assert.True(timings.Upgrade > TimeSpan.Zero);
        Assert.True(timings.Total >= timings.Tcp + timings.Upgrade);
        Assert.InRange(information.OpenedAt!.Value, before, DateTime.Now);
    }

    [SocketFact]
    public async Task Information_counters_count_messages_frames_payload_and_bytes_both_ways()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Socket.SendAsync("four");
        await dialogue.Socket.SendNonfinalFrameAsync(new byte[10]);
        await dialogue.Socket.SendFinalFrameAsync(new byte[20]);
        await dialogue.Socket.FlushAsync();
        await dialogue.Peer.SendTextAsync("hello");
        await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, new byte[100], fin: false);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Continuation, new byte[200]);
        await dialogue.Peer.AwaitClientCaughtUpAsync();
        await dialogue.Socket.FlushAsync();
        MessageWebSocketInformation information = dialogue.Socket.Information;

        Assert.Equal(2, information.MessagesQueued);
        Assert.Equal(305, information.BytesQueued);
        Assert.Equal(2, information.MessagesSent);
        Assert.Equal(2, information.MessagesWritten);
        Assert.Equal(34, information.PayloadBytesSent);
        Assert.Equal(4, information.FramesSent);
        Assert.Equal(6 + 4 + 6 + 10 + 6 + 20 + 6 + "caught-up".Length, information.BytesSent);
        Assert.Equal(2, information.MessagesReceived);
        Assert.Equal(305, information.PayloadBytesReceived);
        Assert.Equal(4, information.FramesReceived);
        Assert.Equal(2 + 5 + 2 + 100 + 4 + 200 + 2 + "caught-up".Length, information.BytesReceived);
        await dialogue.ReceiveAsync();
        await dialogue.ReceiveAsync();
        Assert.Equal(0, information.MessagesQueued);
        Assert.Equal(0, information.BytesQueued);
    }

    [SocketFact]
    public async Task BandwidthStatistics_move_with_traffic_in_each_direction()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        MessageWebSocketInformation information = dialogue.Socket.Information;
        Task<SinkCount> sink = dialogue.Peer.SinkAsync();

        BandwidthStatistics sending;
        do
        {
            await dialogue.Socket.SendAsync(new byte[100_000], SocketMessageType.Binary);
            sending = information.BandwidthStatistics;
        }
        while (sending.OutboundBitsPerSecond == 0);
        Assert.Equal(0ul, sending.InboundBitsPerSecond);

        BandwidthStatistics both;
        do
        {
            await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, new byte[100_000]);
            await dialogue.ReceiveAsync();
            both = information.BandwidthStatistics;
        }
        while (both.InboundBitsPerSecond == 0 || both.InboundBitsPerSecondInstability == 0);
        Assert.True(both.OutboundBitsPerSecond > 0);
        dialogue.Socket.Close();
        await sink;
    }

    [SocketFact]
    public async Task CloseCode_and_CloseReason_are_the_peers_and_ours_where_it_sent_none()
    {
        await using Dialogue answered = await Dialogue.OpenAsync();
        Task closing = answered.Socket.CloseAsync(3000, "ours");
        await answered.PeerAnswersCloseAsync(3001, "theirs");
        await closing;
        await using Dialogue unanswered = await Dialogue.OpenAsync();
        unanswered.Socket.Close(3000, "ours");
        await using Dialogue lost = await Dialogue.OpenAsync();
        lost.Peer.ShutdownSend();
        await Assert.ThrowsAsync<MessageWebSocketException>(() => lost.Socket.ReceiveAsync().AsTask());

        Assert.Equal((ushort)3001, answered.Socket.Information.CloseCode);
        Assert.Equal("theirs", answered.Socket.Information.CloseReason);
        Assert.Equal((ushort)3000, unanswered.Socket.Information.CloseCode);
        Assert.Equal("ours", unanswered.Socket.Information.CloseReason);
        Assert.Null(lost.Socket.Information.CloseCode);
        Assert.Null(lost.Socket.Information.CloseReason);
    }

    [SocketFact]
    public async Task Failure_says_why_a_connection_ended_abnormally_and_nothing_after_an_orderly_end()
    {
        await using Dialogue closed = await Dialogue.OpenAsync();
        closed.Socket.Close();
        await using Dialogue lost = await Dialogue.OpenAsync();
        lost.Peer.ShutdownSend();
        MessageWebSocketException thrown = await Assert.ThrowsAsync<MessageWebSocketException>(() => lost.Socket.ReceiveAsync().AsTask());

        Assert.Null(closed.Socket.Information.Failure);
        Assert.Equal(WebErrorStatus.ConnectionAborted, lost.Socket.Information.Failure!.Status);
        Assert.Equal(thrown.Message, lost.Socket.Information.Failure.Message);
    }

    [Fact]
    public void Nothing_in_Information_is_kept_in_a_form_that_is_read_in_two_steps()
    {
        // A value that may be missing is a flag and a value, which a reader beside the writer can see of two moments.
        Assert.DoesNotContain(
            typeof(WebSocketInformation).GetFields(System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic),
            field => Nullable.GetUnderlyingType(field.FieldType) is not null);
    }
}
