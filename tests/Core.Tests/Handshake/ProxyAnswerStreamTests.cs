using System.Text;
using MessageWebSockets.Handshake;
using MessageWebSockets.Tests.Messages;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

/// <summary>The cookies of a proxy are none for the framework, and all else passes as it came.</summary>
public sealed class ProxyAnswerStreamTests
{
    private const string Inner = "HTTP/1.1 101 Switching\r\nSet-Cookie: a=1\r\n\r\nSet-Cookie: b=2\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nSet-Cookie: p=1; Secure\r\n\r\n", "HTTP/1.1 200 OK\r\nSet-Cookix: p=1; Secure\r\n\r\n")]
    [InlineData(
        "HTTP/1.1 200 OK\nX: y\nsET-cOOKIE : p\nset-cookie2: q\n\n", "HTTP/1.1 200 OK\nX: y\nsET-cOOKIx : p\nset-cookix2: q\n\n")]
    [InlineData(
        "HTTP/1.1 100 Continue\r\nSet-Cookie: a\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: b\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nSet-Cookix: a\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookix: b\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: Set-Cookie: a\r\nXSet-Cookie: b\r\nSet-Cooki: c\r\n\r\n", "")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", "")]
    public async Task Its_names_are_changed_in_the_head_of_the_answer_and_nothing_behind_it(string answer, string expected)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(answer + Inner);
        for (int chunk = 1; chunk <= bytes.Length; chunk++)
        {
            using ProxyAnswerStream stream = new(new ChunkedStream(bytes, chunk));

            Assert.Equal((expected.Length > 0 ? expected : answer) + Inner, await ReadAsync(stream, int.MaxValue));
        }
    }

    [Fact]
    public async Task What_is_asked_again_is_looked_at_again_until_the_tunnel_is_open()
    {
        const string Challenge = "HTTP/1.1 407 Asks\r\nSet-Cookie: a\r\nContent-Length: 14\r\n\r\nSet-Cookie: b\n";
        const string Opened = "HTTP/1.1 200 OK\r\nSet-Cookie: c\r\n\r\n";
        byte[] bytes = Encoding.ASCII.GetBytes(Challenge + Opened + Inner);
        using ProxyAnswerStream stream = new(new TwoWayStream(new ChunkedStream(bytes, 1)));

        await stream.WriteAsync("CONNECT"u8.ToArray(), Token);
        string first = await ReadAsync(stream, Challenge.Length);
        await stream.WriteAsync("CONNECT"u8.ToArray(), Token);
        string second = await ReadAsync(stream, Opened.Length);
        await stream.WriteAsync("through the tunnel"u8.ToArray(), Token);

        Assert.Equal(Challenge.Replace("Cookie: a", "Cookix: a", StringComparison.Ordinal), first);
        Assert.Equal(Opened.Replace("Cookie", "Cookix", StringComparison.Ordinal), second);
        Assert.Equal(Inner, await ReadAsync(stream, int.MaxValue));
    }

    private static async Task<string> ReadAsync(Stream stream, int most)
    {
        StringBuilder all = new();
        byte[] buffer = new byte[64];
        int count;
        do
        {
            count = await stream.ReadAsync(buffer.AsMemory(0, Math.Min(buffer.Length, most - all.Length)), Token);
            all.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }
        while (count > 0);


        return all.ToString();
    }
}
