namespace MessageWebSockets.Tests.Interop;

/// <summary>The servers that run as programs have the same paths.</summary>
public abstract class ProgramInteropTests(PeerProgram peer) : InteropTests
{
    protected override string? SkipReason => peer.SkipReason;

    protected override Uri EchoUri(bool contextTakeover) =>
        new($"ws://127.0.0.1:{(contextTakeover ? peer.Port : peer.NoTakeoverPort)}/echo");

    protected override (Uri Uri, string Expected) Fragments() => (At("fragments"), "one two drei: ü");

    protected override Uri CloseUri(int code, string reason) => At($"close/{code}/{Uri.EscapeDataString(reason)}");

    protected override (Uri Uri, string Expected) Ping() => (At("ping"), "pong came");

    private Uri At(string path) => new($"ws://127.0.0.1:{peer.Port}/{path}");
}
