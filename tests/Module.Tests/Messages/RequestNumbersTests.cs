using MessageWebSockets.PowerShell.Messages;
using MessageWebSockets.PowerShell.Sessions;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests.Messages;

public class RequestNumbersTests
{
    private const int LongestRequest = 64 * 1024;

    [Theory]
    [InlineData("""{"id":7}""", 8)]
    [InlineData(" \r\n\t{\"id\":7}", 8)]
    [InlineData("""{"id":"7"}""", 8)]
    [InlineData("""{"id":null}""", 1)]
    [InlineData("""{"id":7.5}""", 1)]
    [InlineData("""{"id":"seven"}""", 1)]
    [InlineData("""{"x":{"id":7}}""", 1)]
    [InlineData("""[{"id":7}]""", 1)]
    [InlineData("""{"id":9223372036854775807}""", 1)]
    [InlineData("""{"id":-7}""", 1)]
    [InlineData("{\"id\":7", 1)]
    [InlineData("", 1)]
    [InlineData(null, 1)]
    public void A_number_that_a_request_of_the_profile_has_is_given_to_no_other(string? sent, long next)
    {
        using MessageWebSocket socket = Numbering("id");

        RequestNumbers.Note(socket, sent);

        Assert.Equal(next, SocketExtras.Of(socket).NextRequestId());
    }

    [Fact]
    public void A_lower_number_than_that_of_before_takes_nothing_back()
    {
        using MessageWebSocket socket = Numbering("id");

        RequestNumbers.Note(socket, """{"id":40}""");
        RequestNumbers.Note(socket, """{"id":6}""");

        Assert.Equal(41, SocketExtras.Of(socket).NextRequestId());
    }

    [Fact]
    public void Without_a_profile_that_numbers_requests_nothing_is_a_number()
    {
        using MessageWebSocket socket = new();

        RequestNumbers.Note(socket, """{"id":7}""");

        Assert.Equal(1, SocketExtras.Of(socket).NextRequestId());
    }

    [Fact]
    public void Each_socket_has_its_numbers_where_its_own_profile_says()
    {
        using MessageWebSocket first = Numbering("id");
        using MessageWebSocket second = Numbering("d.requestId");
        foreach (int number in (int[])[1, 2, 3])
        {
            string sent = $$$"""{"id":{{{number * 10}}},"d":{"requestId":{{{number * 100}}}}}""";
            RequestNumbers.Note(first, sent);
            RequestNumbers.Note(second, sent);
        }

        Assert.Equal(31, SocketExtras.Of(first).NextRequestId());
        Assert.Equal(301, SocketExtras.Of(second).NextRequestId());
    }

    [Theory]
    [InlineData(LongestRequest, 8)]
    [InlineData(LongestRequest + 1, 1)]
    public void A_message_that_is_longer_than_requests_are_is_not_read(int length, long next)
    {
        using MessageWebSocket socket = Numbering("id");

        RequestNumbers.Note(socket, """{"id":7}""".PadRight(length));

        Assert.Equal(next, SocketExtras.Of(socket).NextRequestId());
    }

    private static MessageWebSocket Numbering(string property)
    {
        MessageWebSocket socket = new();
        socket.Control.IdProperty = property;
        return socket;
    }
}
