namespace MessageWebSockets.Bench;

/// <summary>All benchmarks in the order of the table.</summary>
internal static class Catalogue
{
    public static IReadOnlyList<Benchmark> Create(BenchContext context) =>
    [
        .. ReceiveFlood.Create(context),
        .. SendFlood.Create(context),
        .. Latency.Create(context),
        .. Allocation.Create(context),
        .. SlowReader.Create(context),
        .. ConnectTime.Create(context),
        .. IdleConnections.Create(context),
        .. BusyConnections.Create(context),
    ];
}
