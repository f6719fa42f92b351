namespace MessageWebSockets.Bench;

internal enum Unit
{
    PerSecond,
    Microseconds,
    Milliseconds,
    Bytes,
    Mebibytes,
    Objects,
    Methods,
}
