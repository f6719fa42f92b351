using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Text;
using MessageWebSockets.Tests.Loopback;
using MessageWebSockets.Tests.Messages;
using Xunit;

namespace MessageWebSockets.Tests.Server;

/// <summary>What is known and told of a client, and what can be sent to it, without a network.</summary>
public sealed class EchoClientTests : IDisposable
{
    private readonly Socket _transport = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly MessageQueue _sent = new(1);
    private readonly List<Exception> _reported = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _transport.Dispose();

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task What_is_sent_is_a_message_of_its_type_and_can_be_given_up_while_it_waits()
    {
        WebSocketEchoClient client = Client(new IPEndPoint(IPAddress.Loopback, 80));
        byte[] bytes = [1, 2];
        await client.SendAsync(bytes);
        bytes[0] = 9;
        Task waits = client.SendAsync("\u20ac");
        using CancellationTokenSource cancel = new();
        Task givenUp = client.SendAsync("never", cancel.Token);
        Task binaryGivenUp = client.SendAsync(bytes, cancel.Token);
        Assert.False(waits.IsCompleted || givenUp.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => binaryGivenUp);

        Assert.Equal((WebSocketMessageType.Binary, "0102"), Described(await _sent.TakeAsync()));
        await waits;
        Assert.Equal((WebSocketMessageType.Text, "E282AC"), Described(await _sent.TakeAsync()));
        Assert.Throws<ArgumentNullException>(() => { _ = client.SendAsync((string)null!); });
        Assert.ThrowsAny<ArgumentException>(() => { _ = client.SendAsync("\udc00"); });
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Once_the_connection_has_ended_sending_has_no_effect()
    {
        WebSocketEchoClient client = Client(null);
        await client.SendAsync("fills the queue");
        Task waits = client.SendAsync("waits");
        Assert.False(waits.IsCompleted);

        await client.Connection.RunAsync(new ReturnedMessages(client.Connection.Outgoing));

        await waits;
        await client.SendAsync(new byte[1]);
        Assert.Equal((0, 0), (client.MessagesReceived, client.MessagesSent));
        _sent.Complete(discards: false);
        Assert.Equal((WebSocketMessageType.Text, Convert.ToHexString("fills the queue"u8)), Described(await _sent.TakeAsync()));
        Assert.Null(await _sent.TakeAsync());
    }

    [Fact]
    public void It_is_known_by_its_address_or_its_number_and_by_its_request()
    {
        WebSocketEchoClient client = Client(new IPEndPoint(IPAddress.Loopback, 80));
        Assert.Equal(("127.0.0.1:80", "client 7", 7), ($"{client}", $"{Client(null)}", client.Id));
        Assert.Equal(("/p?q", "v1", false), (client.Path, client.Protocol, client.IsCompressed));
        Assert.Equal("localhost", client.Headers["HOST"]);
        Assert.Equal(client.RemoteEndPoint, new IPEndPoint(IPAddress.Loopback, 80));

        FormatException error = new();
        client.ReportError(error);
        Assert.Same(error, Assert.Single(_reported));
        Assert.Throws<ArgumentNullException>(() => client.ReportError(null!));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_client_that_is_refused_is_named_with_the_reason()
    {
        UpgradeRefusedException notFound = new(HttpStatusCode.NotFound, "No.");
        UpgradeRefusedException quoted = new(HttpStatusCode.NotFound, "No.") { Part = new string('x', 200) };
        UpgradeRefusedException cut = new(HttpStatusCode.NotFound, "No.") { Part = new string('x', 201) };
        using TransportPair pair = await TransportPair.ConnectAsync();
        string name = $"The client {pair.Peer.RemoteEndPoint} ";

        Assert.Equal($"{name}was refused with 404: No.", Refused(notFound));
        Assert.Equal($"{name}was refused with 404: No. It is '{quoted.Part}'.", Refused(quoted));
        Assert.Equal($"{name}was refused with 404: No. It is '{quoted.Part}\u2026'.", Refused(cut));
        Assert.Equal($"{name}took too long for its request.", Refused(new OperationCanceledException()));
        Assert.Equal($"{name}went away before its request was whole.", Refused(new EndOfStreamException()));
        Assert.Equal($"{name}and this server did not agree on TLS: old", Refused(new AuthenticationException("x", new IOException("old"))));
        Assert.Equal($"{name}was lost before its request was whole: reset", Refused(new IOException("x", new FormatException("reset"))));

        pair.Peer.Dispose();
        Assert.Equal("The client took too long for its request.", Refused(new OperationCanceledException()));

        string Refused(Exception cause)
        {
            ClientRefusedException refused = new(pair.Peer, cause);
            Assert.Same(cause, refused.InnerException);
            return refused.Message;
        }
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_client_of_IPv4_on_a_server_of_both_is_named_by_its_own_address()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "There is no IPv6 here.");
        using Socket any = new(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        any.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        any.Listen();
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(new IPEndPoint(IPAddress.Loopback, ((IPEndPoint)any.LocalEndPoint!).Port), Token);
        using Socket accepted = await any.AcceptAsync(Token);

        ClientRefusedException refused = new(accepted, new OperationCanceledException());
        Assert.Equal($"The client {client.LocalEndPoint} took too long for its request.", refused.Message);
    }

    private static (WebSocketMessageType Type, string Payload) Described(ServerMessage? message) =>
        (message!.Type, Convert.ToHexString(message.Payload.Span));

    private WebSocketEchoClient Client(EndPoint? remote)
    {
        AcceptedUpgrade upgrade =
            new(UpgradeRequest.Parse(Encoding.ASCII.GetBytes(RawClient.Request("GET /p?q HTTP/1.1"))), "v1", Compression: null, default);
        ServerConnection connection = new(
            new ServerConnectionSettings(MaxMessageSize: 100, QueueLimit: 1, Timeout.InfiniteTimeSpan),
            _transport,
            new TwoWayStream(new MemoryStream()),
            upgrade,
            new MessageCounts(all: null),
            _reported.Add);
        return new WebSocketEchoClient(7, remote, upgrade, connection, _sent.AddAsync, _reported.Add);
    }
}
