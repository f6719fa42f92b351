namespace MessageWebSockets.Bench;

/// <summary>All benchmarks in the order of the table.</summary>
internal static class Catalogue
{
    public static async Task<IReadOnlyList<Benchmark>> CreateAsync(BenchContext context) =>
    [
        .. Flood.CreateReceive(context),
        .. Flood.CreateSend(context),
        .. Flood.CreateCompressed(context),
        .. LongEcho.Create(context),
        .. Latency.Create(context),
        .. await Cmdlets.CreateAsync(context),
        .. Allocation.Create(context),
        .. SlowReader.Create(context),
        .. ConnectTime.Create(context),
        .. IdleConnections.Create(context),
        .. BusyConnections.Create(context),
        .. await Tunnels.CreateAsync(context),
        .. await Alternatives.CreateAsync(context),
    ];
}
