using System.Net.Http;
using Xunit;

namespace MessageWebSockets.Tests.Errors;

public sealed class PeerTextTests
{
    [Theory]
    [InlineData("base64url.bearer.authorization.k8s.io.ZXlKaGJHY2lPaUp", "base64url.bearer.authorization.k8s.io...")]
    [InlineData("base64url.bearer.authorization.k8s.io.abc", "base64url.bearer.authorization.k8s.io...")]
    [InlineData("openai-insecure-api-key.sk-abc", "openai-insecure-api-key...")]
    [InlineData("bearer.eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0", "bearer...")]
    [InlineData("access_token-a1b2c3d4e5", "access_token-...")]
    [InlineData("token-a1b2c3d4", "token-...")]
    [InlineData("token-s3cr3tA1.b2.c3", "token-...")]
    [InlineData("bearer-Zm9vYmFyYmF6.x", "bearer-...")]
    [InlineData("Authorization_Basic-QWxhZGRpbjpvcGVu", "Authorization_...")]
    [InlineData("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9abcdef", "eyJhbGci...")]
    [InlineData("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ0b2sifQ.x", "eyJhbGci...")]
    public void SubProtocol_leaves_out_what_stands_where_a_token_does(string name, string shown) =>
        Assert.Equal(shown, PeerText.SubProtocol(name));

    [Theory]
    [InlineData("")]
    [InlineData("mqtt")]
    [InlineData("graphql-transport-ws")]
    [InlineData("v4.channel.k8s.io")]
    [InlineData("actioncable-v1-json")]
    [InlineData("ocpp2.0.1")]
    [InlineData("xmpp-auth")]
    [InlineData("token-refresh-channel")]
    [InlineData("token-a1b2c3d")]
    [InlineData("v1.build-a1b2c3d4e5")]
    [InlineData("openai-insecure-api-key")]
    public void SubProtocol_leaves_the_name_of_a_protocol_alone(string name) => Assert.Equal(name, PeerText.SubProtocol(name));

    [Theory]
    [InlineData("access_token", "...")]
    [InlineData("mqtt", "tok9f27")]
    [InlineData("xmpp-authors", "tok9f27")]
    public void SubProtocol_behind_one_that_announces_a_token_is_left_out(string before, string shown) =>
        Assert.Equal(shown, PeerText.SubProtocol([before, "tok9f27"], 1));

    [Theory]
    [InlineData("v1,base64url.bearer.authorization.k8s.io.abc,v4.channel.k8s.io", "v1,v4.channel.k8s.io")]
    [InlineData("access_token,tok9f27,mqtt", "mqtt")]
    [InlineData("mqtt,bearer", "mqtt,bearer")]
    [InlineData("token-abcdefgh,v1.eyJhbGciOiJub25lIn0.e30.x,mqtt", "mqtt")]
    [InlineData("9f27c0de9f27c0de9f27c0de9f27c0de9f27c0de", "")]
    [InlineData("graphql-transport-ws,ocpp2.0.1,v12.stomp", "graphql-transport-ws,ocpp2.0.1,v12.stomp")]
    public void CarriesToken_finds_tokens_and_what_announces_them(string offered, string others)
    {
        string[] names = offered.Split(',');

        Assert.Equal(others, string.Join(',', names.Where((_, index) => !PeerText.CarriesToken(names, index))));
    }

    [Fact]
    public void SubProtocol_of_any_length_is_bounded_and_cleaned()
    {
        string shown = PeerText.SubProtocol(string.Concat(Enumerable.Repeat("token-a.\u001b", 20_000)));

        Assert.True(shown.Length < 250);
        Assert.DoesNotContain(shown, char.IsControl);
    }

    [Theory]
    [InlineData(" a\r\n\tb  c ", "a b c")]
    [InlineData("a\u202Eb\u2066c\u0085", "a\\u202eb\\u2066c")]
    public void OneLine_is_one_line(string text, string shown) => Assert.Equal(shown, PeerText.OneLine(text));

    [Theory]
    [InlineData("ws://host/x?token=s3cret", "ws://host/x?...")]
    [InlineData("ws://host/x", "ws://host/x")]
    public void Name_says_that_there_is_a_query_where_there_is_one(string address, string shown) =>
        Assert.Equal(shown, PeerText.Name(new Uri(address)));

    [Fact]
    public void Http2_is_what_the_framework_says_without_the_name_of_its_kind()
    {
        HttpProtocolException fault = new(13, "It broke \u001b off.", null);
        Assert.Equal("It broke \u001b off. (HttpProtocolError)", fault.Message);
        Assert.Equal(@"It broke \e off", PeerText.Http2(fault));
    }

    [Fact]
    public void OfHtml_is_what_a_page_shows() =>
        Assert.Equal("one two three & four", PeerText.OfHtml("one<script>if (a < b) hide();</script>two<br>three &amp; four"));

    [Fact]
    public void SubProtocol_that_is_offered_first_follows_none() => Assert.Equal("mqtt", PeerText.SubProtocol(["mqtt", "access_token"], 0));

    [Theory]
    [InlineData(32, 32)]
    [InlineData(33, 8)]
    public void SubProtocol_shows_a_segment_of_32_characters_and_the_beginning_of_a_longer_one(int length, int shown) =>
        Assert.Equal(new string('a', shown) + (shown < length ? "..." : ""), PeerText.SubProtocol(new string('a', length)));

    [Theory]
    [InlineData(200, 200)]
    [InlineData(201, 200)]
    public void Clean_leaves_200_characters(int length, int left) =>
        Assert.Equal(new string('x', left) + (left < length ? "..." : ""), PeerText.Clean(new string('x', length)));

    [Fact]
    public void Clean_does_not_cut_a_character_in_two()
    {
        string shown = PeerText.Clean(new string('x', 199) + "\U0001F600" + "tail");

        Assert.Equal(new string('x', 199) + "...", shown);
    }

    [Theory]
    [InlineData('\0', @"\0")]
    [InlineData('\a', @"\a")]
    [InlineData('\b', @"\b")]
    [InlineData('\t', @"\t")]
    [InlineData('\n', @"\n")]
    [InlineData('\v', @"\v")]
    [InlineData('\f', @"\f")]
    [InlineData('\r', @"\r")]
    [InlineData('\x1b', @"\e")]
    [InlineData('\x1f', @"\u001f")]
    [InlineData('\x7f', @"\u007f")]
    [InlineData('\x9f', @"\u009f")]
    [InlineData('\u061c', @"\u061c")]
    [InlineData('\u200e', @"\u200e")]
    [InlineData('\u200f', @"\u200f")]
    [InlineData('\u2028', @"\u2028")]
    [InlineData('\u202e', @"\u202e")]
    [InlineData('\u2066', @"\u2066")]
    [InlineData('\u2069', @"\u2069")]
    [InlineData('\ufeff', @"\ufeff")]
    public void Clean_shows_what_could_steer_a_terminal(char c, string shown) => Assert.Equal($"a{shown}b", PeerText.Clean($"a{c}b"));

    [Theory]
    [InlineData(' ')]
    [InlineData('~')]
    [InlineData('\u00a0')]
    [InlineData('\u061b')]
    [InlineData('\u200d')]
    [InlineData('\u2027')]
    [InlineData('\u202f')]
    [InlineData('\u2065')]
    [InlineData('\u206a')]
    public void Clean_leaves_other_characters_alone(char c) => Assert.Equal($"a{c}b", PeerText.Clean($"a{c}b"));

    [Fact]
    public void Clean_leaves_pairs_alone_and_shows_half_of_one()
    {
        Assert.Equal("a\U0001F600b\U0001F600", PeerText.Clean("a\U0001F600b\U0001F600"));
        Assert.Equal(@"a\ud83db", PeerText.Clean("a\ud83db"));
        Assert.Equal(@"a\ude00b", PeerText.Clean("a\ude00b"));
        Assert.Equal(@"ab\ud83d", PeerText.Clean("ab\ud83d"));
    }

    [Theory]
    [InlineData(4401, "who\nare you", "with code 4401 (who are you)")]
    [InlineData(1000, "", "with code 1000")]
    [InlineData(1005, "", "without a code")]
    public void Close_says_the_code_and_the_reason_where_there_are(int code, string reason, string shown) =>
        Assert.Equal(shown, PeerText.Close((ushort)code, reason));

    [Fact]
    public async Task Core_names_an_address_without_its_query_and_a_subprotocol_without_its_token()
    {
        using MessageWebSocket socket = new();
        await Assert.ThrowsAsync<MessageWebSocketException>(
            () => socket.ConnectAsync(new Uri("ws://no-such-host.invalid/x?token=s3cret"), TestContext.Current.CancellationToken));
        socket.Control.SupportedProtocols.Add("v1.bearer.s3cret");
        socket.Control.SupportedProtocols.Add("v1.bearer.s3cret");
        ArgumentException twice = await Assert.ThrowsAsync<ArgumentException>(
            () => socket.ConnectAsync(new Uri("ws://no-such-host.invalid/"), TestContext.Current.CancellationToken));
        ArgumentException relative = await Assert.ThrowsAsync<ArgumentException>(
            () => socket.ConnectAsync(new Uri("/x?token=s3cret", UriKind.Relative), TestContext.Current.CancellationToken));
        ArgumentException fragment = await Assert.ThrowsAsync<ArgumentException>(
            () => socket.ConnectAsync(new Uri("ws://localhost/#access_token=s3cret"), TestContext.Current.CancellationToken));

        Assert.Equal("ws://no-such-host.invalid/x?...", socket.ToString());
        Assert.Contains("'v1.bearer...' is offered twice", twice.Message, StringComparison.Ordinal);
        Assert.All([twice, relative, fragment], refused => Assert.DoesNotContain("s3cret", refused.Message, StringComparison.Ordinal));
    }
}
