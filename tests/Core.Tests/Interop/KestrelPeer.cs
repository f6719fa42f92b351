using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Interop;

/// <summary>ASP.NET Core's WebSockets in this process.</summary>
public sealed class KestrelPeer : IAsyncLifetime
{
    public TestWebSocketServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await TestWebSocketServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
