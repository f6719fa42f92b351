using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Reliability;

[Collection(QuietCollection.Name)]
public sealed class LeakTests
{
    private const string Descriptors = "/proc/self/fd";

    [Fact]
    public async Task All_faults_together_leave_no_file_descriptor_and_no_unobserved_exception()
    {
        Assert.SkipUnless(Directory.Exists(Descriptors), "File descriptors are counted in /proc/self/fd.");
        await using TestCertificates certificates = new();
        using UnobservedExceptions unobserved = new();

        // The first round makes what the process keeps: the sockets of the thread pool, the name service, the trust stores.
        await MeetAllAsync(certificates);
        int before = CountSockets();
        await MeetAllAsync(certificates);

        // Before any collection: a finalizer that closes a forgotten socket must not hide it.
        int after = CountSockets();
        Assert.True(after <= before, $"{after} open sockets after all faults, {before} before.");
        Assert.Empty(unobserved.Collect());
    }

    private static async Task MeetAllAsync(TestCertificates certificates)
    {
        ParallelOptions some = new() { MaxDegreeOfParallelism = 8 };
        await Parallel.ForEachAsync(Faults.All, some, async (fault, _) =>
        {
            await using FaultServer server = FaultServer.Start(fault, certificates);
            MessageWebSocket socket = await FaultVisit.RunAsync(server, certificates);
            await socket.Released.WaitAsync(FaultVisit.Patience, CancellationToken.None);
        });
    }

    // Assemblies and terminals come and go as they like; a connection that leaks is a socket.
    private static int CountSockets() =>
        Directory.GetFiles(Descriptors).Count(path =>
            new FileInfo(path).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == true);
}
