# The areas of -Task Mutate. Tests are those that a mutant of the area is tried with: patterns below tests/Core.Tests, chosen for what
# they say about the area in the time they take. Lines is how many lines are drawn where trying all mutants takes more than an hour,
# for more than a hundred mutants; 0 draws none. Lowest is the score in percent that the area has to reach.
@{
    Framing     = @{
        Lowest = 85
        Lines  = 190
        Tests  = 'Framing/*Tests.cs', 'Frames/BurstTests.cs', 'Frames/DirectReadTests.cs', 'Frames/OutboundBufferTests.cs',
            'Messages/Utf8*Tests.cs'
    }
    Handshake   = @{
        Lowest = 85
        Lines  = 190
        Tests  = 'Handshake/AddressTests.cs', 'Handshake/CompressionNegotiationTests.cs', 'Handshake/OpeningHandshakeTests.cs',
            'Handshake/RedirectTests.cs', 'Handshake/RefusedUpgradeTests.cs', 'Handshake/RequestHeaderTests.cs',
            'Handshake/ServerCertificateValidationTests.cs', 'Handshake/ServerNameTests.cs', 'Handshake/HandshakeFailureTests.cs',
            'Handshake/HandshakePartsTests.cs', 'Handshake/AddressRaceTests.cs', 'Handshake/OneRequestTests.cs',
            'Handshake/InformationTests.cs', 'Handshake/ResponseFailureTests.cs', 'Control/OutboundBufferSizeTests.cs'
    }
    Messages    = @{
        Lowest = 80
        Lines  = 190
        Tests  = 'Messages/*Tests.cs', 'Events/OutputStreamTests.cs', 'Socket/StreamArrivalTests.cs', 'Frames/ReceiveModeTests.cs'
    }
    Connections = @{
        Lowest = 80
        Lines  = 250
        Tests  = 'Connections/*Tests.cs', 'Socket/CloseAsyncTests.cs', 'Socket/DisposeTests.cs', 'Conversation/HeartbeatTests.cs',
            'Framing/PingBeforeReturnTests.cs', 'Frames/SendFrameTests.cs', 'Socket/PingAsyncTests.cs', 'Socket/StateTests.cs',
            'Socket/SequenceTests.cs'
    }
    Errors      = @{
        Lowest = 80
        Lines  = 0
        Tests  = 'Errors/*Tests.cs', 'Events/ForeignHandlerTests.cs'
    }
    Server      = @{
        Lowest = 80
        Lines  = 140
        Tests  = 'Server/ClientFrameTests.cs', 'Server/ServerHandshakeTests.cs', 'Server/MessageQueueTests.cs',
            'Server/EchoServerHandlerTests.cs', 'Server/ServerStreamTests.cs', 'Server/ServerConnectionTests.cs',
            'Server/EchoServerOptionsTests.cs', 'Server/BroadcastTests.cs', 'Server/EchoClientTests.cs', 'Server/TcpAcceptorTests.cs'
    }
}
