using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>
/// A ClientHello that offers TLS 1.1 and what is below (RFC 4346 section 7.4.1.2), with the cipher suites that servers of that time had.
/// </summary>
internal static class OldHello
{
    private const int RandomLength = 32;

    private static readonly ushort[] s_suites = [0xC00A, 0xC009, 0xC014, 0xC013, 0x0039, 0x0033, 0x0035, 0x002F, 0x000A, 0x00FF];

    public static byte[] Create(string host)
    {
        byte[] suites = [.. s_suites.SelectMany(static suite => Number(suite, 2))];
        byte[] extensions =
        [
            .. Uri.CheckHostName(host) == UriHostNameType.Dns ? ServerName(host) : [],

            // The curves P-256, P-384, P-521 and their plain form (RFC 8422 section 5.1).
            .. Extension(10, Prefixed([0, 23, 0, 24, 0, 25], 2)),
            .. Extension(11, Prefixed([0], 1)),
        ];
        byte[] body =
        [
            3, 2,
            .. RandomNumberGenerator.GetBytes(RandomLength),
            0,
            .. Prefixed(suites, 2),
            1, 0,
            .. Prefixed(extensions, 2),
        ];
        byte[] handshake = [1, .. Prefixed(body, 3)];
        return [22, 3, 1, .. Prefixed(handshake, 2)];
    }

    private static byte[] ServerName(string host) => Extension(0, Prefixed([0, .. Prefixed(Encoding.ASCII.GetBytes(host), 2)], 2));

    private static byte[] Extension(int type, byte[] data) => [.. Number(type, 2), .. Prefixed(data, 2)];

    private static byte[] Prefixed(byte[] data, int lengthBytes) => [.. Number(data.Length, lengthBytes), .. data];

    private static byte[] Number(int value, int bytes)
    {
        Span<byte> all = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(all, value);
        return all[^bytes..].ToArray();
    }
}
