using Xunit;

namespace MessageWebSockets.Tests.Interop;

/// <summary>The npm package ws: from NODE_PATH, or from artifacts/node (npm install --prefix artifacts/node ws@8).</summary>
public sealed class NodePeer : PeerProgram, IAsyncLifetime
{
    public async ValueTask InitializeAsync()
    {
        string installed = Path.Combine(RepositoryRoot, "artifacts", "node", "node_modules");
        string? given = Environment.GetEnvironmentVariable("NODE_PATH");
        string path = string.IsNullOrEmpty(given) ? installed : installed + Path.PathSeparator + given;
        await StartAsync("node", "ws_server.js", "Cannot find module 'ws'", ("NODE_PATH", path));
    }
}
