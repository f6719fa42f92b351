using System.Collections.Concurrent;
using System.Diagnostics;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Reliability;

[Collection(QuietCollection.Name)]
public sealed class LeakTests
{
    private const string Descriptors = "/proc/self/fd";

    [Fact]
    public async Task All_faults_together_leave_no_socket_no_timer_no_task_and_no_unobserved_exception()
    {
        Assert.SkipUnless(Directory.Exists(Descriptors), "File descriptors are counted in /proc/self/fd.");
        await using TestCertificates certificates = new();
        using UnobservedExceptions unobserved = new();

        // The first round makes what the process keeps: the sockets of the thread pool, the name service, the trust stores.
        await MeetAllAsync(certificates);
        (int sockets, long timers) = (CountSockets(), Timer.ActiveCount);
        WeakReference[] clients = await MeetAllAsync(certificates);

        // Before any collection: a finalizer that closes a forgotten socket must not hide it.
        int after = CountSockets();
        Assert.True(after <= sockets, $"{after} open sockets after all faults, {sockets} before.");
        await GoneAsync(() => Timer.ActiveCount <= timers, () => $"{Timer.ActiveCount} timers run after all faults, {timers} ran before.");

        // A task that waits, a timer and a registration hold what they work for; nothing holds what is collected.
        await GoneAsync(
            () => !clients.Any(client => client.IsAlive),
            () => $"{clients.Count(client => client.IsAlive)} of {clients.Length} clients are still held by something.");
        Assert.Empty(unobserved.Collect());
    }

    // The framework ends its own work on a connection a little later than we do.
    private static async Task GoneAsync(Func<bool> isGone, Func<string> what)
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            if (isGone())
            {
                return;
            }

            Assert.True(Stopwatch.GetElapsedTime(started) < FaultVisit.Patience, what());

            // Not a periodic timer: that would be one of the timers that are counted.
            await Task.Delay(TimeSpan.FromMilliseconds(100), CancellationToken.None);
        }
    }

    private static async Task<WeakReference[]> MeetAllAsync(TestCertificates certificates)
    {
        ConcurrentBag<WeakReference> clients = [];
        ParallelOptions some = new() { MaxDegreeOfParallelism = 8 };
        await Parallel.ForEachAsync(Faults.All, some, async (fault, _) =>
        {
            await using FaultServer server = FaultServer.Start(fault, certificates);
            MessageWebSocket socket = await FaultVisit.RunAsync(server, certificates);
            await socket.Released.WaitAsync(FaultVisit.Patience, CancellationToken.None);
            clients.Add(new WeakReference(socket));
        });
        return [.. clients];
    }

    // Assemblies and terminals come and go as they like; a connection that leaks is a socket.
    private static int CountSockets() =>
        Directory.GetFiles(Descriptors).Count(path =>
            new FileInfo(path).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == true);
}
