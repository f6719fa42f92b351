using Xunit;

namespace MessageWebSockets.Tests.Interop;

/// <summary>Python's websockets (Debian: python3-websockets).</summary>
public sealed class PythonPeer : PeerProgram, IAsyncLifetime
{
    private const string DebianPython = "/usr/bin/python3";

    public async ValueTask InitializeAsync() => await StartAsync(
        File.Exists(DebianPython) ? DebianPython : "python3", "websockets_server.py", "No module named 'websockets'");
}
