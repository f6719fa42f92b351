# Socket.IO 3 and later, which is Engine.IO 4 (https://socket.io/docs/v4/socket-io-protocol/), over WebSocket alone: the address is
# ws://host/socket.io/?EIO=4&transport=websocket. 40 connects to the main namespace, which the server answers with 40{...} or, where it
# refuses, 44{...}; an event before that would end the connection. 42["event",...] is an event.
@{
    Description     = 'Socket.IO 3 and later over WebSocket: main namespace, answers to pings'
    ConnectMessages = '40'
    ConnectReply    = '^40'
    AutoReply       = @{ '2' = '3' }
    Ignore          = '^0\{', '^6$'
}
