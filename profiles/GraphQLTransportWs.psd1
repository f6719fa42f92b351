# GraphQL over WebSocket (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md), subprotocol graphql-transport-ws.
# A subscribe before the server's connection_ack would end the connection.
@{
    Description     = 'GraphQL over WebSocket (graphql-transport-ws): connection_init, answers to pings'
    SubProtocol     = 'graphql-transport-ws'
    ConnectMessages = '{"type":"connection_init"}'
    ConnectReply    = '"type"\s*:\s*"connection_ack"'
    AutoReply       = @(
        @{ Pattern = '^\s*\{\s*"type"\s*:\s*"ping"\s*[,}]'; Answer = '{"type":"pong"}' }
    )
    Ignore          = '^\s*\{\s*"type"\s*:\s*"pong"\s*[,}]'
    IdProperty      = 'id:string'
}
