using System.Formats.Asn1;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.PowerShell;

/// <summary>A server certificate in plain values.</summary>
public sealed class WsEndpointCertificate
{
    private const string SubjectAlternativeName = "2.5.29.17";
    private static readonly Asn1Tag DnsName = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag Address = new(TagClass.ContextSpecific, 7);

    private readonly List<string> _unreadable = [];

    internal WsEndpointCertificate(X509Certificate2 certificate, IEnumerable<X509Certificate2> intermediates)
    {
        Subject = Read(nameof(Subject), () => TerminalText.Escape(certificate.Subject)) ?? "";
        Issuer = Read(nameof(Issuer), () => TerminalText.Escape(certificate.Issuer)) ?? "";
        DnsNames = Read(nameof(DnsNames), () => NamesOf(certificate)) ?? [];
        NotBefore = certificate.NotBefore;
        NotAfter = certificate.NotAfter;
        SerialNumber = certificate.SerialNumber;
        Thumbprint = certificate.Thumbprint;
        Sha256 = certificate.GetCertHashString(HashAlgorithmName.SHA256);
        SignatureAlgorithm = certificate.SignatureAlgorithm.FriendlyName ?? certificate.SignatureAlgorithm.Value ?? "";
        PublicKey = Read(nameof(PublicKey), () => KeyOf(certificate)) ?? certificate.PublicKey.Oid.Value ?? "";
        Intermediates =
        [
            .. intermediates
                .Select(intermediate => Read(nameof(Intermediates), () => TerminalText.Escape(intermediate.Subject)))
                .OfType<string>(),
        ];
        Unreadable = [.. _unreadable];
    }

    /// <summary>Whom it is for.</summary>
    public string Subject { get; }

    /// <summary>Who issued it.</summary>
    public string Issuer { get; }

    /// <summary>The names and addresses it is valid for.</summary>
    public string[] DnsNames { get; }

    /// <summary>When its validity begins, in local time.</summary>
    public DateTime NotBefore { get; }

    /// <summary>When it expires, in local time.</summary>
    public DateTime NotAfter { get; }

    /// <summary>Its serial number, hexadecimal.</summary>
    public string SerialNumber { get; }

    /// <summary>Its SHA-1 hash, by which certificate stores list it.</summary>
    public string Thumbprint { get; }

    /// <summary>Its SHA-256 hash, as -PinnedCertificateSha256 takes it.</summary>
    public string Sha256 { get; }

    /// <summary>The algorithm of its signature.</summary>
    public string SignatureAlgorithm { get; }

    /// <summary>The algorithm and size of its key.</summary>
    public string PublicKey { get; }

    /// <summary>The subjects of the intermediate certificates.</summary>
    public string[] Intermediates { get; }

    /// <summary>
    /// What of it cannot be read, and why: a server may present anything, and a client that leaves errors out of account meets it.
    /// Empty for a well-formed certificate.
    /// </summary>
    public string[] Unreadable { get; }

    /// <summary>The subject.</summary>
    public override string ToString() => Subject;

    private T? Read<T>(string property, Func<T> read)
        where T : class?
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or ArgumentException or NotSupportedException)
        {
            _unreadable.Add($"{property}: {TerminalText.Escape(e.Message)}");
            return null;
        }
    }

    // RFC 5280 section 4.2.1.6, read name by name: one that is malformed does not hide the others.
    private string[] NamesOf(X509Certificate2 certificate)
    {
        List<string> names = [];
        foreach (X509Extension extension in certificate.Extensions.Where(
            static extension => extension.Oid?.Value == SubjectAlternativeName))
        {
            AsnReader all = new AsnReader(extension.RawData, AsnEncodingRules.BER).ReadSequence();
            while (all.HasData)
            {
                AsnReader one = new(all.ReadEncodedValue(), AsnEncodingRules.BER);
                if (Read(nameof(DnsNames), () => NameOf(one)) is { } name)
                {
                    names.Add(name);
                }
            }
        }

        return [.. names];
    }

    private static string? NameOf(AsnReader reader)
    {
        Asn1Tag tag = reader.PeekTag();
        if (tag.HasSameClassAndValue(DnsName))
        {
            return TerminalText.Escape(reader.ReadCharacterString(UniversalTagNumber.IA5String, DnsName));
        }

        if (!tag.HasSameClassAndValue(Address))
        {
            return null;
        }

        byte[] address = reader.ReadOctetString(Address);
        return address.Length is 4 or 16
            ? new IPAddress(address).ToString()
            : throw new CryptographicException(
                $"an iPAddress of {address.Length} bytes ({Convert.ToHexString(address)}); one has 4 or 16.");
    }

    private static string KeyOf(X509Certificate2 certificate)
    {
        string name = certificate.PublicKey.Oid.FriendlyName ?? certificate.PublicKey.Oid.Value ?? "";
        using AsymmetricAlgorithm? key = (AsymmetricAlgorithm?)certificate.GetRSAPublicKey() ?? certificate.GetECDsaPublicKey();
        return key is null ? name : string.Create(CultureInfo.InvariantCulture, $"{name} {key.KeySize}");
    }
}
