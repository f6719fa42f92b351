namespace MessageWebSockets;

/// <summary>A number that no other socket of this process has.</summary>
/// <remarks>Thread-safe. It is drawn on demand: thousands of sockets that nobody looks at leave the small numbers to those that people
/// see.</remarks>
internal sealed class SocketId
{
    private static int s_last;
    private int _value;

    public int Value
    {
        get
        {
            int value = Volatile.Read(ref _value);
            if (value != 0)
            {
                return value;
            }

            int next = Interlocked.Increment(ref s_last);
            int earlier = Interlocked.CompareExchange(ref _value, next, 0);
            return earlier != 0 ? earlier : next;
        }
    }
}
