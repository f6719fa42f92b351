namespace MessageWebSockets.Framing;

/// <summary>The end of a connection that nobody reads any more.</summary>
internal static class StreamEnd
{
    private const int BufferSize = 4096;

    /// <summary>Drops what still comes, until the peer ends the connection. Never fails.</summary>
    /// <returns>Whether it ended in order; false when it broke, or was disposed of here.</returns>
    public static async Task<bool> ReachAsync(Stream stream)
    {
        try
        {
            await stream.CopyToAsync(Stream.Null, BufferSize, CancellationToken.None).ConfigureAwait(false);
            return true;
        }
        catch (Exception)
        {
            // Whatever the network, or TLS over it, makes of the end: nobody waits for a byte of it.
            return false;
        }
    }
}
