using System.Collections;
using System.Management.Automation;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Lets a parameter for certificates take files: paths, relative to PowerShell's location, and file objects.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
internal sealed class CertificateTransformAttribute : ArgumentTransformationAttribute
{
    /// <summary>
    /// Whether it is a client certificate, whose file is read when its key is known; without it all the certificates of a file.
    /// </summary>
    public bool IsClient { get; set; }

    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        if (IsClient)
        {
            return PathOf(inputData) is { } path ? new WsClientCertificate(Resolve(engineIntrinsics, path)) : inputData;
        }

        // A collection of certificates is a list as well.
        IEnumerable items = Unwrap(inputData) is IEnumerable many and not string ? many : new[] { inputData };
        return items.Cast<object?>()
            .SelectMany(item => PathOf(item) is { } path ? [.. Load(Resolve(engineIntrinsics, path))] : new[] { item }).ToArray();
    }

    private static object? Unwrap(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    private static string? PathOf(object? value) => Unwrap(value) switch
    {
        string path => path,
        FileInfo file => file.FullName,
        _ => null,
    };

    private static string Resolve(EngineIntrinsics engineIntrinsics, string path)
    {
        string file = engineIntrinsics.SessionState.Path.GetUnresolvedProviderPathFromPSPath(path);
        return File.Exists(file) ? file : throw new ArgumentTransformationMetadataException($"There is no file {file}.");
    }

    private static X509Certificate2Collection Load(string file)
    {
        try
        {
            X509Certificate2Collection certificates = [];
            certificates.ImportFromPemFile(file);
            return certificates.Count > 0 ? certificates : [X509CertificateLoader.LoadCertificateFromFile(file)];
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new ArgumentTransformationMetadataException($"{file} has no certificate that can be read: {e.Message}", e);
        }
    }
}
