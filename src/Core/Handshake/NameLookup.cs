using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace MessageWebSockets.Handshake;

/// <summary>
/// Looks up host names; who asks for a name that is being looked up gets that answer. On Unix the framework asks for the same name one
/// time after the other, and a hundred connects to one host would wait for a hundred lookups. Nothing is kept once an answer is there.
/// </summary>
internal static class NameLookup
{
    private static readonly ConcurrentDictionary<string, Lazy<Task<IPAddress[]>>> UnderWay = new(StringComparer.OrdinalIgnoreCase);

    /// <exception cref="SocketException">The name has no address.</exception>
    /// <exception cref="ArgumentException">No name service could know the name.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; others that wait for the name go on.</exception>
    [SuppressMessage("Usage", "VSTHRD011:Use AsyncLazy", Justification = "What the Lazy runs begins a lookup and waits for nothing.")]
    public static Task<IPAddress[]> FindAsync(string host, CancellationToken cancellationToken) =>
        UnderWay.GetOrAdd(host, static name => new Lazy<Task<IPAddress[]>>(() => BeginAsync(name))).Value.WaitAsync(cancellationToken);

    private static Task<IPAddress[]> BeginAsync(string host)
    {
        Task<IPAddress[]> lookup = LookUpAsync(host);

        // Everyone who asked may have left by the time it fails.
        _ = lookup.ContinueWith(
            static task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return lookup;
    }

    private static async Task<IPAddress[]> LookUpAsync(string host)
    {
        try
        {
            return await Dns.GetHostAddressesAsync(host, CancellationToken.None).ConfigureAwait(false);
        }
        catch (SocketException) when (IsThisMachine(host))
        {
            return await Dns.GetHostAddressesAsync("localhost", CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            UnderWay.TryRemove(host, out _);
        }
    }

    // Names below localhost are this machine's, whatever the name service says (RFC 6761 section 6.3); a final point changes no name.
    private static bool IsThisMachine(string host)
    {
        string name = host.TrimEnd('.');
        return name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
            || name.Equals("localhost", StringComparison.OrdinalIgnoreCase);
    }
}
