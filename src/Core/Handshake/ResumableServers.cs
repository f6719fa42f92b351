using System.Collections.Concurrent;

namespace MessageWebSockets.Handshake;

/// <summary>
/// The servers that answered over TLS without asking for a client certificate. Thread-safe.
/// </summary>
/// <remarks>
/// The framework resumes no TLS session of a client that chooses its certificate in a callback, and only such a callback tells that
/// the server asked for one, which a failed connect has to say. So a server gets the callback until it has answered once without
/// asking. After a connect without it that fails, a second connection finds out, and carries no request. Whatever is resumed, its
/// certificate is validated anew each time.
/// </remarks>
internal static class ResumableServers
{
    // A process that talks to more servers than this starts over.
    private const int Limit = 4096;

    private static readonly ConcurrentDictionary<(string Host, int Port), bool> Known = new();

    public static bool Contains(Uri uri) => Known.ContainsKey(KeyOf(uri));

    public static void Add(Uri uri)
    {
        if (Known.TryAdd(KeyOf(uri), true) && Known.Count > Limit)
        {
            Known.Clear();
        }
    }

    public static void Remove(Uri uri) => Known.TryRemove(KeyOf(uri), out _);

    private static (string Host, int Port) KeyOf(Uri uri) => (uri.IdnHost, uri.Port);
}
