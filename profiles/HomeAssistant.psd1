# Home Assistant (https://developers.home-assistant.io/docs/api/websocket): the login is for -OnConnected, because it has a token.
@{
    Description = 'Home Assistant: numbered commands; the login is for -OnConnected'
    IdProperty  = 'id'
}
