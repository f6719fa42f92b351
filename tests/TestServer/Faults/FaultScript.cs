using System.Globalization;

namespace MessageWebSockets.TestServer;

/// <summary>Steps that several faults share.</summary>
internal static class FaultScript
{
    /// <summary>Accepts the upgrade and sends the two messages that must stay readable whatever follows.</summary>
    public static async Task BeginAsync(RawConnection connection, HandshakeAnswer? answer = null)
    {
        await connection.AcceptHandshakeAsync(answer);
        await connection.SendTextAsync("before-1");
        await connection.SendTextAsync("before-2");
    }

    /// <summary>As <see cref="BeginAsync"/> with permessage-deflate; false, with a 400, if the client did not offer it.</summary>
    public static async Task<bool> BeginDeflatedAsync(RawConnection connection)
    {
        if (!(await connection.ReadRequestAsync()).OffersDeflate)
        {
            await connection.SendResponseAsync(400, "This fault needs a client that offers permessage-deflate.");
            return false;
        }

        await BeginAsync(connection, new HandshakeAnswer { Extensions = "permessage-deflate" });
        return true;
    }

    /// <summary>
    /// Sends a chunk over and over, while <paramref name="reading"/> waits for the client to go; negative
    /// <paramref name="times"/>: until then.
    /// </summary>
    public static async Task SendUntilGoneAsync(RawConnection connection, ReadOnlyMemory<byte> chunk, long times, Task reading)
    {
        try
        {
            for (long i = 0; (times < 0 || i < times) && !reading.IsCompleted; i++)
            {
                await connection.SendBytesAsync(chunk);
            }
        }
        catch (IOException)
        {
            // The client has seen enough.
        }
        finally
        {
            await reading;
        }
    }

    /// <summary>Reads as /sink does until the client has closed or gone.</summary>
    public static async Task SinkUntilGoneAsync(RawConnection connection)
    {
        try
        {
            await connection.SinkAsync();
        }
        catch (IOException)
        {
            // A reset is one way to go.
        }
    }

    public static long Number(RawConnection connection, string name, long otherwise) =>
        connection.Request?.Query(name) is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
