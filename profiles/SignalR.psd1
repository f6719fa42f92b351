# The JSON protocol of ASP.NET Core SignalR, version 1 (src/SignalR/docs/specs/HubProtocol.md of dotnet/aspnetcore).
# The answer to the handshake request is the first message, {} where all is well and {"error":"..."} where not.
@{
    Description              = 'ASP.NET Core SignalR, JSON protocol: records, handshake, pings both ways'
    RecordSeparator          = "`u{1e}"
    ConnectMessages          = '{"protocol":"json","version":1}'
    ConnectReply             = '^\{(?!\s*"error")'
    HeartbeatMessage         = '{"type":6}'
    HeartbeatIntervalSeconds = 15
    Ignore                   = '^\{"type":6\}$'
    IdProperty               = 'invocationId:string'
}
