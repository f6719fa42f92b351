using Xunit;

namespace MessageWebSockets.Tests.Interop;

public sealed class NodeWsTests(NodePeer peer) : ProgramInteropTests(peer), IClassFixture<NodePeer>;
