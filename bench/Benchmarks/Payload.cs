namespace MessageWebSockets.Bench;

internal static class Payload
{
    /// <summary>A payload that is ASCII, so that it can go as text as well.</summary>
    public static byte[] Of(int size)
    {
        byte[] payload = new byte[size];
        payload.AsSpan().Fill((byte)'x');
        return payload;
    }
}
