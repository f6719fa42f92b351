# JSON-RPC 2.0 (https://www.jsonrpc.org/specification): Invoke-WsRequest -JsonRpc method -Params @{ ... }
@{
    Description = 'JSON-RPC 2.0: requests with jsonrpc, id, method and params'
    IdProperty  = 'id'
    Dialect     = 'JsonRpc'
}
