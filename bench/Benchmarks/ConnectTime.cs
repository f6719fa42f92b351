using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.Bench;

/// <summary>From nothing to the first byte of the first message over TLS, with the certificate validated on both sides.</summary>
internal static class ConnectTime
{
    private const int WarmUps = 6;

    public static IEnumerable<Benchmark> Create(BenchContext context)
    {
        Metric median = new("median", Unit.Microseconds);
        int count = context.Options.Quick ? 30 : 200;
        Uri uri = new(context.Server.RawTls, "flood?count=1&size=1");
        // One for all connections, as the framework has for those without settings of their own.
        HttpMessageInvoker invoker = new(CreateHandler(context.Server.Root));
        yield return new Benchmark("connect-wss", "connect to first byte, wss", [median],
        [
            Side(LibraryClient.Name, () => new LibraryClient(context.Server.Root)),
            Side(FrameworkClient.Name, () => new FrameworkClient(FrameworkClient.UsualBuffer, invoker)),
        ])
        {
            Comparisons = [new Comparison(median, FrameworkClient.Name, new Target(Bound.AtMost, 1.05))],
        };

        Side Side(string name, Func<IMessageClient> create)
        {
            return new Side(name, MeasureAsync) { PrepareAsync = PrepareAsync };

            // A connect runs through so much code that a few hundred leave most of it to the first tier of the compiler.
            async Task PrepareAsync(CancellationToken cancellationToken)
            {
                for (int i = 0; i < WarmUps; i++)
                {
                    await MeasureAsync(cancellationToken);
                }
            }

            async Task<double[]> MeasureAsync(CancellationToken cancellationToken)
            {
                double[] times = new double[count];
                for (int i = 0; i < count; i++)
                {
                    times[i] = await ClientWork.ConnectAsync(create, uri, cancellationToken);
                }

                return [Spread.Of(times).Median];
            }
        }
    }

    private static SocketsHttpHandler CreateHandler(X509Certificate2 root)
    {
        X509ChainPolicy policy = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.Add(root);
        policy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        SslClientAuthenticationOptions tls = new() { CertificateChainPolicy = policy };
        return new SocketsHttpHandler { UseProxy = false, SslOptions = tls };
    }
}
