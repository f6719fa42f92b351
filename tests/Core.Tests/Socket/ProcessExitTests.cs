using System.Diagnostics;
using System.Text;
using MessageWebSockets.TestServer;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Sockets;

/// <summary>What a program sent right before it ends leaves all the same.</summary>
public sealed class ProcessExitTests
{
    private const string Server = "TEST_SENDS_TO_AND_ENDS";
    private const string Ending = "TEST_ENDS_WITH";
    private const int Messages = 2000;
    private const int Large = 700 * 1024;
    private const string StreamEnding = "a stream";
    private const int Unflushed = 5000;

    [Fact]
    public async Task What_was_sent_leaves_although_the_process_ends_at_once()
    {
        if (Environment.GetEnvironmentVariable(Server) is { } server)
        {
            await SendAndEndAsync(new Uri(server));
        }

        foreach (string ending in (string[])["nothing", "Close", "Dispose", "DisposeAsync"])
        {
            await LeavesAsync(ending);
        }
    }

    [Fact]
    public async Task What_was_written_to_a_stream_and_not_flushed_leaves_although_the_process_ends_at_once()
    {
        TaskCompletionSource<int> read = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            int count = 0;
            while (await connection.ReadFrameAsync() is { } frame)
            {
                count += frame.Payload.Length;
            }

            read.SetResult(count);
        });

        await RunAsync(server.Uri, StreamEnding);

        Assert.Equal(Unflushed, await read.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
    }

    private static async Task LeavesAsync(string ending)
    {
        TaskCompletionSource<List<RawFrame>> read = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawServer server = RawServer.Start(async connection =>
        {
            connection.LimitReceiveBuffer(16 * 1024);
            await connection.AcceptHandshakeAsync();
            List<RawFrame> frames = [];
            try
            {
                while (await connection.ReadFrameAsync() is { } frame)
                {
                    frames.Add(frame);
                }

                read.SetResult(frames);
            }
            catch (Exception e)
            {
                read.SetException(e);
            }
        });

        await RunAsync(server.Uri, ending);
        List<RawFrame> arrived = await read.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        Assert.Equal(Messages, arrived.Count(frame => frame.Opcode == WireOpcode.Text));
        Assert.Equal(Large, Assert.Single(arrived, frame => frame.Opcode == WireOpcode.Binary).Payload.Length);
        Assert.Equal(ending == "nothing" ? 0 : 1, arrived.Count(frame => frame.Opcode == WireOpcode.Close));
    }

    // In the process that the test starts.
    private static async Task SendAndEndAsync(Uri server)
    {
        if (Environment.GetEnvironmentVariable(Ending) == StreamEnding)
        {
            StreamWebSocket stream = new();
            await stream.ConnectAsync(server, TestContext.Current.CancellationToken);
            await stream.OutputStream.WriteAsync(new byte[Unflushed], TestContext.Current.CancellationToken);
            Environment.Exit(0);
        }

        MessageWebSocket socket = new();
        socket.Control.OutboundBufferSizeInBytes = 16 * 1024;
        await socket.ConnectAsync(server, TestContext.Current.CancellationToken);
        for (int i = 0; i < Messages; i++)
        {
            await socket.SendAsync("one of many", TestContext.Current.CancellationToken);
        }

        await socket.SendAsync(new byte[Large], SocketMessageType.Binary, TestContext.Current.CancellationToken);
        switch (Environment.GetEnvironmentVariable(Ending))
        {
            case "Close":
                socket.Close(1000);
                break;
            case "Dispose":
                socket.Dispose();
                break;
            case "DisposeAsync":
                _ = socket.DisposeAsync().AsTask();
                break;
        }

        Environment.Exit(0);
    }

    private static async Task RunAsync(Uri server, string ending)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(typeof(ProcessExitTests).Assembly.Location);
        start.ArgumentList.Add("-method");
        start.ArgumentList.Add($"{typeof(ProcessExitTests).FullName}.{nameof(What_was_sent_leaves_although_the_process_ends_at_once)}");
        start.Environment[Server] = server.ToString();
        start.Environment[Ending] = ending;
        using Process process = Process.Start(start)!;
        StringBuilder output = new();
        Task reading = Task.WhenAll(AppendAsync(process.StandardOutput, output), AppendAsync(process.StandardError, output));
        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(1));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        await reading;
        Assert.True(process.ExitCode == 0, output.ToString());
    }

    private static async Task AppendAsync(StreamReader reader, StringBuilder output)
    {
        string text = await reader.ReadToEndAsync();
        lock (output)
        {
            output.Append(text);
        }
    }
}
