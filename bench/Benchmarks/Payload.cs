using System.Globalization;
using System.Text;

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

    /// <summary>A document of that many bytes, cut where it is full.</summary>
    public static byte[] Json(int size)
    {
        StringBuilder json = new("[");
        for (int i = 0; json.Length < size; i++)
        {
            json.Append(CultureInfo.InvariantCulture, $$"""{"id":{{i * 7919}},"name":"sensor-{{i % 13}}","value":{{i * 37 % 1000}}},""");
        }

        return Encoding.ASCII.GetBytes(json.ToString(0, size));
    }
}
