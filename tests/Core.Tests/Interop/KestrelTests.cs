using Xunit;

namespace MessageWebSockets.Tests.Interop;

public sealed class KestrelTests(KestrelPeer peer) : InteropTests, IClassFixture<KestrelPeer>
{
    // ASP.NET Core cannot send an empty close frame without putting 1005 on the wire, so the endpoint answers 1000.
    protected override ushort AnswerToEmptyClose => 1000;

    protected override Uri EchoUri(bool contextTakeover) =>
        peer.Server.At($"echo/deflate?serverNoContextTakeover={(contextTakeover ? "false" : "true")}");

    protected override (Uri Uri, string Expected) Fragments() => (peer.Server.At("fragments?sizes=1,2,3"), "abbccc");

    protected override Uri CloseUri(int code, string reason) => peer.Server.At($"close?code={code}&reason={Uri.EscapeDataString(reason)}");

    protected override (Uri Uri, string Expected) Ping() => (peer.Server.At("ping?payload=from-kestrel"), "from-kestrel");
}
