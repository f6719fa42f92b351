using System.Runtime.InteropServices;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Reliability;

[Collection(QuietCollection.Name)]
public sealed class DescriptorTests
{
    private const int Descriptors = 7;

    // The pool takes no fewer than there are processors.
    private static readonly int Threads = Math.Max(8, Environment.ProcessorCount);

    [Fact]
    public async Task Out_of_file_descriptors_is_a_failed_connect_and_not_the_end()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The limit is set with setrlimit of Linux.");

        // In a process of its own, because what else runs in this one would be without descriptors as well, the test runner included.
        if (!OwnProcess.IsThis)
        {
            await OwnProcess.RunAsync(
                $"{typeof(DescriptorTests).FullName}.{nameof(Out_of_file_descriptors_is_a_failed_connect_and_not_the_end)}");
            return;
        }

        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.SinkAsync();
        });
        await RehearseAsync(server.Uri);
        using MessageWebSocket before = new();
        await before.ConnectAsync(server.Uri);

        using MessageWebSocket without = new();
        Assert.Equal(0, getrlimit(Descriptors, out Limit usual));
        List<FileStream> filler = [];
        MessageWebSocketException failure;
        try
        {
            Limit tight = usual with { Soft = (ulong)Directory.GetFiles("/proc/self/fd").Length + 10 };
            Assert.Equal(0, setrlimit(Descriptors, in tight));
            FillUp(filler);
            failure = await FailsToConnectAsync(without, server.Uri);

            // What is connected needs no new descriptor.
            await before.PingAsync().WaitAsync(FaultVisit.Patience);
        }
        finally
        {
            filler.ForEach(file => file.Dispose());
            Assert.Equal(0, setrlimit(Descriptors, in usual));
        }

        Assert.Equal(WebErrorStatus.CannotConnect, failure.Status);
        Assert.Equal(MessageWebSocketState.Created, without.State);
        await without.ConnectAsync(server.Uri).WaitAsync(FaultVisit.Patience);
        await without.PingAsync().WaitAsync(FaultVisit.Patience);
    }

    // The runtime loads an assembly when its code is first needed, and that takes a descriptor. So does a thread: a process of .NET
    // that starts one without descriptors left ends with "Out of memory.". All of them have to be there already.
    private static async Task RehearseAsync(Uri uri)
    {
        await StartAllThreadsAsync();
        using MessageWebSocket refused = new();
        using RefusedPort dead = new();
        await FailsToConnectAsync(refused, dead.Uri);

        using MessageWebSocket socket = new();
        await socket.ConnectAsync(uri);
        await socket.PingAsync().WaitAsync(FaultVisit.Patience);
        socket.Close();
        Assert.Throws<FileNotFoundException>(() => new FileStream($"/dev/{nameof(DescriptorTests)}", FileMode.Open, FileAccess.Read));
    }

    private static async Task StartAllThreadsAsync()
    {
        Assert.True(ThreadPool.SetMinThreads(Threads, Threads));
        Assert.True(ThreadPool.SetMaxThreads(Threads, Threads));
        using Barrier all = new(Threads);
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(_ => Task.Run(() => all.SignalAndWait(FaultVisit.Patience))));
    }

    private static Task<MessageWebSocketException> FailsToConnectAsync(MessageWebSocket socket, Uri uri) =>
        Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ConnectAsync(uri).WaitAsync(FaultVisit.Patience));

    private static void FillUp(List<FileStream> filler)
    {
        try
        {
            while (true)
            {
                filler.Add(new FileStream("/dev/null", FileMode.Open, FileAccess.Read));
            }
        }
        catch (IOException)
        {
            // That was the last one.
        }
    }

#pragma warning disable SYSLIB1054, CA5392 // Blittable, Linux only, and libc is libc: no source generator and no search path needed.
    [DllImport("libc")]
    private static extern int getrlimit(int resource, out Limit limit);

    [DllImport("libc")]
    private static extern int setrlimit(int resource, in Limit limit);
#pragma warning restore SYSLIB1054, CA5392

    [StructLayout(LayoutKind.Sequential)]
    private record struct Limit(ulong Soft, ulong Hard);
}
