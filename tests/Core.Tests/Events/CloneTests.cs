using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Handshake;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Events;

public sealed class CloneTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    [SocketFact]
    public async Task Clone_is_asked_for_its_certificate_by_the_handlers_of_the_original()
    {
        await using RawServer server = RawServer.Start(
            async connection =>
            {
                await connection.AcceptHandshakeAsync();
                await connection.HoldAsync();
            },
            new RawServerOptions { Tls = new RawTlsOptions(certificates.Server) });
        using MessageWebSocket socket = new();
        socket.Control.TrustedRoots = certificates.Roots;
        List<MessageWebSocket> asked = [];
        socket.ServerCustomValidationRequested += (sender, args) =>
        {
            asked.Add(sender);
            if (asked.Count > 1)
            {
                args.Reject();
            }
        };
        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);
        (await server.NextConnectionAsync(TestContext.Current.CancellationToken)).Reset();
        await Assert.ThrowsAsync<MessageWebSocketException>(async () => await socket.ReceiveAsync(TestContext.Current.CancellationToken));

        using MessageWebSocket clone = socket.Clone();
        MessageWebSocketException refused = await ConnectFailure.OfAsync(clone, server.Uri);

        refused.Is(WebErrorStatus.CertificateIsInvalid, 0x80072F89, "rejected by the custom validation");
        Assert.Equal([socket, clone], asked);
    }

    [SocketFact]
    public async Task Clone_raises_the_events_of_the_original_with_itself_as_the_sender()
    {
        List<MessageWebSocket> senders = [];
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            events.RecordAll(socket);
            socket.MessageReceived += (sender, _) => senders.Add(sender);
            socket.Closed += (sender, _) => senders.Add(sender);
        });
        dialogue.Socket.Close(4000);
        Assert.Equal(4000, (await events.NextCloseAsync()).Code);
        using MessageWebSocket clone = dialogue.Socket.Clone();
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.SendTextAsync("again");
            await connection.HoldAsync();
        });
        await clone.ConnectAsync(server.Uri);

        Assert.Equal("again", (await events.NextMessageAsync()).Message!.Text);
        clone.Close(4001);
        Assert.Equal(4001, (await events.NextCloseAsync()).Code);
        Assert.Equal([dialogue.Socket, clone, clone], senders);
    }

    [SocketFact]
    public async Task Clone_can_lose_the_handlers_it_took_and_the_original_keeps_them()
    {
        int raised = 0;
        using MessageWebSocket socket = new();
        TypedEventHandler<MessageWebSocket, MessageWebSocketMessageReceivedEventArgs> handler = (_, _) => raised++;
        socket.MessageReceived += handler;
        using MessageWebSocket clone = socket.Clone();
        using MessageWebSocket second = socket.Clone();
        clone.MessageReceived -= handler;
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.SendTextAsync("pulled");
            await connection.HoldAsync();
        });
        await clone.ConnectAsync(server.Uri);
        await second.ConnectAsync(server.Uri);

        Assert.Equal("pulled", (await clone.ReceiveAsync())!.Text);
        Assert.Throws<InvalidOperationException>(() => second.TryReceive(out _));
        Assert.Throws<InvalidOperationException>(() => socket.TryReceive(out _));
        socket.MessageReceived -= handler;
        using MessageWebSocket third = socket.Clone();
        Assert.DoesNotContain(
            "handlers", Assert.Throws<InvalidOperationException>(() => third.TryReceive(out _)).Message, StringComparison.Ordinal);
    }

    [SocketFact]
    public async Task A_host_of_scripts_takes_its_handlers_back_after_the_connect_and_nobody_else()
    {
        HandlerOwners.Add(static handler => handler.Target is Host);
        Host host = new();
        TypedEventHandler<MessageWebSocket, WebSocketClosedEventArgs> others = static (_, _) => { };
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Closed += host.OnClosed;
            socket.Closed += others;
        });

        dialogue.Socket.Closed -= host.OnClosed;
        Assert.Throws<InvalidOperationException>(() => dialogue.Socket.Closed -= others);
        dialogue.Socket.Close();

        Assert.Equal(0, host.Calls);
    }

    [Fact]
    public void A_handler_that_is_removed_from_the_family_is_gone_from_every_clone()
    {
        List<string> called = [];
        Handlers<Action> original = new();
        Action stays = () => called.Add("stays");
        Action goes = () => called.Add("goes");
        original.Add(goes);
        original.Add(stays);
        Handlers<Action> clone = new();
        Handlers<Action> ofClone = new();
        original.CopyTo(clone);
        clone.CopyTo(ofClone);

        original.RemoveFromFamily(goes);

        Assert.All([original, clone, ofClone], handlers => handlers.All!());
        Assert.Equal(["stays", "stays", "stays"], called);
    }

    private sealed class Host
    {
        public int Calls { get; private set; }

        public void OnClosed(MessageWebSocket sender, WebSocketClosedEventArgs args) => Calls++;
    }
}
