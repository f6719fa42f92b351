# obs-websocket 5 (https://github.com/obsproject/obs-websocket/blob/master/docs/generated/protocol.md), JSON: Hello (op 0) and Identify
# (op 1) are for -OnConnected, where a password is set.
@{
    Description = 'OBS Studio (obs-websocket 5, JSON): requests with d.requestId; Identify is for -OnConnected'
    SubProtocol = 'obswebsocket.json'
    IdProperty  = 'd.requestId:string'
}
