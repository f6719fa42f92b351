using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace MessageWebSockets.TestServer;

/// <summary>
/// The well-behaved side: Kestrel on loopback with ASP.NET Core's WebSockets. The endpoints are listed in
/// <see cref="EndpointTable"/>. Disposing it ends every connection.
/// </summary>
public sealed class TestWebSocketServer : IAsyncDisposable
{
    // Endpoints end with the stopping token; this is for a client that does not read what is left.
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(2);

    private readonly WebApplication _application;

    private TestWebSocketServer(WebApplication application, TestServerOptions options)
    {
        _application = application;
        int[] ports = [.. application.Urls.Select(url => new Uri(url)).Where(url => url.Host == "127.0.0.1").Select(url => url.Port)];
        Uri = new Uri($"ws://127.0.0.1:{ports[0]}/");
        SecureUri = options.Certificate is null ? null : new Uri($"wss://localhost:{ports[1]}/");
    }

    /// <summary>ws://127.0.0.1:port/</summary>
    public Uri Uri { get; }

    /// <summary>wss://localhost:port/; null without a certificate in the options.</summary>
    public Uri? SecureUri { get; }

    public static async Task<TestWebSocketServer> StartAsync(TestServerOptions? options = null)
    {
        options ??= new TestServerOptions();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        if (options.Hub)
        {
            builder.Services.AddSignalR();
        }

        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, options));
        WebApplication application = builder.Build();
        application.UseWebSockets(new WebSocketOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan });
        EndpointTable.Map(application);
        if (options.Hub)
        {
            application.MapHub<StreamHub>("/hub");
        }

        await application.StartAsync();
        return new TestWebSocketServer(application, options);
    }

    /// <summary>An address below <see cref="Uri"/>, such as "echo" or "flood?count=10".</summary>
    public Uri At(string pathAndQuery) => new(Uri, pathAndQuery);

    /// <summary>An address below <see cref="SecureUri"/>.</summary>
    public Uri SecureAt(string pathAndQuery) =>
        new(SecureUri ?? throw new InvalidOperationException("Give TestServerOptions.Certificate to have a wss endpoint."), pathAndQuery);

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }

    private static void Listen(KestrelServerOptions kestrel, TestServerOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Listen(IPAddress.Loopback, options.Port, listen => listen.Protocols = HttpProtocols.Http1);
        if (options.Certificate is { } certificate)
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(new HttpsConnectionAdapterOptions
                {
                    ServerCertificate = certificate.Leaf,
                    ServerCertificateChain = certificate.Intermediates,
                    ClientCertificateMode = options.ClientCertificates,
                    ClientCertificateValidation = (client, chain, _) =>
                        ClientCertificateCheck.IsTrusted(client, chain, options.TrustedClientRoots),
                });
            });
        }

        if (options.UnixSocketPath is { } path)
        {
            kestrel.ListenUnixSocket(path, listen => listen.Protocols = HttpProtocols.Http1);
        }
    }
}
