using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;

/// <summary>What goes through the tunnels of Invoke-TunnelSoak.ps1: a TCP service that sends back what comes, and its clients.</summary>
public sealed class TunnelTraffic : IDisposable
{
    private const int Piece = 64 * 1024;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public TunnelTraffic()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(1024);
        _ = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>Sends so many bytes over each of so many connections at once, and reads them back.</summary>
    /// <returns>How many came back equal, by SHA-256.</returns>
    public static async Task<int> ExchangeAsync(int port, int connections, long bytes)
    {
        List<Socket> clients = [];
        for (int i = 0; i < connections; i++)
        {
            clients.Add(await ConnectAsync(port));
        }

        bool[] equal = await Task.WhenAll(clients.Select((client, number) => ExchangeAsync(client, number, bytes)));
        clients.ForEach(static client => client.Dispose());
        return equal.Count(static one => one);
    }

    /// <summary>Connections that come and go, eight at a time: 100 bytes there and back, and the end, or a reset for every tenth.</summary>
    /// <returns>How many of them had their bytes back.</returns>
    public static async Task<int> ComeAndGoAsync(int port, int connections)
    {
        int answered = 0;
        ParallelOptions eight = new() { MaxDegreeOfParallelism = 8 };
        await Parallel.ForEachAsync(Enumerable.Range(0, connections), eight, async (number, token) =>
        {
            using Socket client = await ConnectAsync(port);
            byte[] answer = new byte[100];
            await client.SendAsync(new byte[answer.Length], token);
            await ReadAsync(client, answer);
            Interlocked.Increment(ref answered);
            if (number % 10 == 0)
            {
                client.LingerState = new LingerOption(enable: true, seconds: 0);
                return;
            }

            client.Shutdown(SocketShutdown.Send);
            await client.ReceiveAsync(answer, token);
        });
        return answered;
    }

    public void Dispose() => _listener.Dispose();

    private static async Task<Socket> ConnectAsync(int port)
    {
        Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPAddress.Loopback, port);
        return client;
    }

    private static async Task<bool> ExchangeAsync(Socket client, int number, long bytes)
    {
        Task<byte[]> sending = SendAsync(client, number, bytes);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[Piece];
        int read;
        while ((read = await client.ReceiveAsync(buffer)) > 0)
        {
            hash.AppendData(buffer, 0, read);
        }

        byte[] sent = await sending;
        return sent.AsSpan().SequenceEqual(hash.GetHashAndReset());
    }

    // Each piece is a random one with its number in front, so that none can stand for another.
    private static async Task<byte[]> SendAsync(Socket client, int number, long bytes)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] piece = RandomNumberGenerator.GetBytes(Piece);
        for (long sent = 0; sent < bytes;)
        {
            BitConverter.TryWriteBytes(piece, sent + number);
            ReadOnlyMemory<byte> rest = piece.AsMemory(0, (int)Math.Min(piece.Length, bytes - sent));
            hash.AppendData(rest.Span);
            sent += rest.Length;
            while (rest.Length > 0)
            {
                rest = rest[await client.SendAsync(rest)..];
            }
        }

        client.Shutdown(SocketShutdown.Send);
        return hash.GetHashAndReset();
    }

    private static async Task ReadAsync(Socket socket, Memory<byte> target)
    {
        while (target.Length > 0)
        {
            int read = await socket.ReceiveAsync(target);
            target = read > 0 ? target[read..] : throw new EndOfStreamException("The tunnel ended before the answer.");
        }
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            _ = EchoAsync(await _listener.AcceptAsync());
        }
    }

    private static async Task EchoAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                byte[] buffer = new byte[Piece];
                int read;
                while ((read = await socket.ReceiveAsync(buffer)) > 0)
                {
                    for (ReadOnlyMemory<byte> rest = buffer.AsMemory(0, read); rest.Length > 0;)
                    {
                        rest = rest[await socket.SendAsync(rest)..];
                    }
                }

                socket.Shutdown(SocketShutdown.Send);
            }
            catch (SocketException)
            {
                // A client that resets is one of those that come and go.
            }
        }
    }
}
