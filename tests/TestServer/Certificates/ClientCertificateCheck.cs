using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.TestServer;

/// <summary>A server's view of a client's certificate: present, and from one of the roots if any are given.</summary>
internal static class ClientCertificateCheck
{
    public static bool IsTrusted(X509Certificate? certificate, X509Chain? sent, X509Certificate2Collection? roots)
    {
        if (certificate is not X509Certificate2 client || roots is null)
        {
            return certificate is not null;
        }

        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        if (sent is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
        }

        return chain.Build(client);
    }
}
