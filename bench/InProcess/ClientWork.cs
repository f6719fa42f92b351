using System.Diagnostics;
using System.Text.Json;

namespace MessageWebSockets.Bench;

/// <summary>What a client is put to, from its connect to its close. Cancelling aborts its connection.</summary>
internal static class ClientWork
{
    /// <summary>Receives a flood. The time counts from before the connect: the server starts as soon as it is connected.</summary>
    public static Task<TimeSpan> ReceiveFloodAsync(IMessageClient client, Uri flood, long count, CancellationToken cancellationToken) =>
        RunAsync(client, async () =>
        {
            long started = Stopwatch.GetTimestamp();
            await client.ConnectAsync(flood);
            await client.ReceiveAsync(count);
            return Stopwatch.GetElapsedTime(started);
        }, cancellationToken);

    /// <summary>Sends a flood. The time counts until the server has said that it received all.</summary>
    public static Task<TimeSpan> SendFloodAsync(
        IMessageClient client, Uri sink, ReadOnlyMemory<byte> message, long count, CancellationToken cancellationToken) =>
        RunAsync(client, async () =>
        {
            await client.ConnectAsync(sink);
            long started = Stopwatch.GetTimestamp();
            await client.SendAsync(message, count);
            string answer = await client.AskAsync("count");
            TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
            using JsonDocument counted = JsonDocument.Parse(answer);
            long arrived = counted.RootElement.GetProperty("messages").GetInt64();
            return arrived == count ? elapsed : throw new InvalidDataException($"The server counted {arrived} of {count} messages.");
        }, cancellationToken);

    /// <summary>One message in flight; gives the times in microseconds, sorted.</summary>
    public static Task<double[]> RoundTripsAsync(
        IMessageClient client, Uri echo, ReadOnlyMemory<byte> message, int count, TimeSpan pause, CancellationToken cancellationToken) =>
        RunAsync(client, async () =>
        {
            double[] times = new double[count];
            await client.ConnectAsync(echo);
            await client.MeasureRoundTripsAsync(message, times, pause);
            times.AsSpan().Sort();
            return times;
        }, cancellationToken);

    /// <summary>From the constructor to the first byte of the first message, in microseconds.</summary>
    public static async Task<double> ConnectAsync(Func<IMessageClient> create, Uri uri, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        IMessageClient client = create();
        return await RunAsync(client, async () =>
        {
            await client.ConnectAsync(uri);
            await client.ReceiveAsync(1);
            return Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }, cancellationToken);
    }

    public static async Task<T> RunAsync<T>(IMessageClient client, Func<Task<T>> workAsync, CancellationToken cancellationToken)
    {
        await using (client)
        {
            Action<object?> abort = static state => ((IMessageClient)state!).Abort();
            await using CancellationTokenRegistration _ = cancellationToken.UnsafeRegister(abort, client);
            return await workAsync();
        }
    }
}
