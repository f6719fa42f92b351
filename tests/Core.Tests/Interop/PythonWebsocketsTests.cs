using Xunit;

namespace MessageWebSockets.Tests.Interop;

public sealed class PythonWebsocketsTests(PythonPeer peer) : ProgramInteropTests(peer), IClassFixture<PythonPeer>;
