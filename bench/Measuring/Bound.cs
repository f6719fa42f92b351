namespace MessageWebSockets.Bench;

internal enum Bound
{
    AtLeast,
    AtMost,
}
