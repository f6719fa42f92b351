using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.PowerShell;

/// <summary>
/// The value of -Certificate: a client certificate, or a file that is read with -CertificateKey and -CertificatePassword.
/// </summary>
/// <remarks>Immutable; PowerShell makes it of a certificate, a path or a file object.</remarks>
public sealed class WsClientCertificate
{
    private readonly X509Certificate2? _certificate;
    private readonly string? _file;

    /// <summary>A certificate with its private key.</summary>
    /// <param name="certificate">The certificate, which stays the caller's.</param>
    public WsClientCertificate(X509Certificate2 certificate) => _certificate = certificate;

    internal WsClientCertificate(string file) => _file = file;

    /// <summary>Whether it is a file, for which a key and a password mean something.</summary>
    internal bool IsFile => _file is not null;

    /// <summary>The file, or the subject of the certificate.</summary>
    public override string ToString() => _file ?? _certificate!.Subject;

    /// <summary>The certificate, with its private key where it has one.</summary>
    /// <param name="keyFile">The PEM file of the key; null where the file has it.</param>
    /// <param name="password">The password of the file, or of its key; null for none.</param>
    /// <exception cref="CryptographicException">The file has no certificate, or no key that can be read so.</exception>
    internal X509Certificate2 Load(string? keyFile, string? password)
    {
        if (_file is null)
        {
            return _certificate!;
        }

        if (keyFile is null && X509Certificate2.GetCertContentType(_file) == X509ContentType.Pfx)
        {
            return X509CertificateLoader.LoadPkcs12FromFile(_file, password);
        }

        return password is null
            ? X509Certificate2.CreateFromPemFile(_file, keyFile)
            : X509Certificate2.CreateFromEncryptedPemFile(_file, password, keyFile);
    }
}
