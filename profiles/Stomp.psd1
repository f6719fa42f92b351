# STOMP 1.2 (https://stomp.github.io/stomp-specification-1.2.html). A frame ends with NUL; a bare line end is a heart-beat. The CONNECT
# frame is the script's, because it has the user and the host: say heart-beat:10000,10000 in it, or another pair with an interval of yours.
# A body that contains NUL, which STOMP 1.2 allows with content-length, is cut there.
@{
    Description              = 'STOMP 1.0 to 1.2: frames that end with NUL, heart-beats of 10 s; CONNECT is for -OnConnected'
    SubProtocol              = 'v12.stomp', 'v11.stomp', 'v10.stomp'
    RecordSeparator          = "`0"
    HeartbeatMessage         = "`n"
    HeartbeatIntervalSeconds = 9
    Ignore                   = '^\s*$'
}
