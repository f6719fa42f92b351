using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.Handshake;

/// <summary>The SHA-256 hash of an acceptable certificate, written as hexadecimal digits.</summary>
internal static class CertificatePin
{
    /// <summary>Reads a pin; colons, spaces and dashes between the digits are passed over, as tools print them.</summary>
    public static bool TryParse(string text, out byte[] hash)
    {
        hash = [];
        string digits = text.Replace(":", "", StringComparison.Ordinal)
            .Replace(" ", "", StringComparison.Ordinal)
            .Replace("-", "", StringComparison.Ordinal);
        if (digits.Length != 2 * SHA256.HashSizeInBytes || !digits.All(char.IsAsciiHexDigit))
        {
            return false;
        }

        hash = Convert.FromHexString(digits);
        return true;
    }

    /// <summary>Whether a certificate is one of those that are pinned.</summary>
    public static bool Matches(IEnumerable<string> pins, X509Certificate2 certificate)
    {
        byte[] actual = certificate.GetCertHash(HashAlgorithmName.SHA256);
        return pins.Any(pin => TryParse(pin, out byte[] expected) && CryptographicOperations.FixedTimeEquals(expected, actual));
    }
}
