using System.Diagnostics;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;

namespace MessageWebSockets.Handshake;

/// <summary>Opens the TCP or Unix socket of one connect attempt, measures it, and keeps what its failure needs to be told.</summary>
internal sealed class TransportConnector(HandshakeSettings settings, HandshakeFindings findings)
{
    private readonly Lock _lock = new();
    private readonly List<TransportStream> _opened = [];
    private bool _isAborted;

    public TimeSpan? NameResolution { get; private set; }

    public TimeSpan? Tcp { get; private set; }

    /// <summary>When the transport was open, in ticks of <see cref="Stopwatch"/>.</summary>
    public long OpenedAt { get; private set; }

    public TransportFailure? Failure { get; private set; }

    /// <summary>Whether the peer reset a connection that was open.</summary>
    public bool WasReset => _opened.Exists(stream => stream.WasReset);

    /// <summary>The connection that was opened last.</summary>
    public TransportStream? Newest => _opened is [.., var last] ? last : null;

    /// <summary>The first byte that came on the newest connection; null if there was none.</summary>
    public byte? FirstByte => Newest?.FirstByte;

    /// <summary>A target as a person would write it.</summary>
    public static string NameOf(string host, int port)
    {
        string name = Unbracketed(host);
        return name.Contains(':') ? $"[{name}]:{port}" : $"{name}:{port}";
    }

    /// <summary>What to tell the framework where it wants to send once more what the last connection ended without an answer to.</summary>
    public Exception EndWithoutAnswer() => WasReset
        ? new SocketException((int)SocketError.ConnectionReset)
        : new HttpIOException(HttpRequestError.ResponseEnded, "The connection ended before an answer came.");

    /// <exception cref="SocketException">No connection came about; <see cref="Failure"/> says why.</exception>
    public ValueTask<Stream> ConnectAsync(DnsEndPoint target, CancellationToken cancellationToken)
    {
        Failure = null;
        return settings.UnixSocketPath is { } path ? ConnectUnixAsync(path, cancellationToken) : ConnectTcpAsync(target, cancellationToken);
    }

    /// <summary>Closes what was opened, whatever the framework still does with it.</summary>
    public void Abort()
    {
        lock (_lock)
        {
            _isAborted = true;
            _opened.ForEach(stream => stream.Dispose());
        }
    }

    private async ValueTask<Stream> ConnectTcpAsync(DnsEndPoint target, CancellationToken cancellationToken)
    {
        string host = Unbracketed(target.Host);
        string targetName = NameOf(host, target.Port);
        IPAddress[] addresses = await ResolveAsync(host, targetName, cancellationToken).ConfigureAwait(false);
        long started = Stopwatch.GetTimestamp();
        AddressRace race = new(addresses, target.Port, PrepareTcp);
        try
        {
            (Socket socket, IPEndPoint endPoint) = await race.RunAsync(cancellationToken).ConfigureAwait(false);
            return Opened(socket, endPoint, started);
        }
        catch (SocketException e)
        {
            Failure = new TransportFailure(
                targetName, [.. addresses.Select(address => new IPEndPoint(address, target.Port).ToString())], e, IsNameResolution: false);
            throw;
        }
    }

    private async ValueTask<IPAddress[]> ResolveAsync(string host, string targetName, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out IPAddress? literal))
        {
            return [literal];
        }

        long started = Stopwatch.GetTimestamp();
        try
        {
            IPAddress[] addresses = await NameLookup.FindAsync(host, cancellationToken).ConfigureAwait(false);
            if (addresses.Length == 0)
            {
                throw new SocketException((int)SocketError.NoData);
            }

            NameResolution = Stopwatch.GetElapsedTime(started);
            return addresses;
        }
        catch (SocketException e)
        {
            NameResolution = Stopwatch.GetElapsedTime(started);
            Failure = new TransportFailure(targetName, [], e, IsNameResolution: true);
            throw;
        }
        catch (ArgumentException e)
        {
            // A host that no name service could know, for example a label of more than 63 characters.
            SocketException notFound = new((int)SocketError.HostNotFound, e.Message);
            Failure = new TransportFailure(targetName, [], notFound, IsNameResolution: true);
            throw notFound;
        }
    }

    private async ValueTask<Stream> ConnectUnixAsync(string path, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            ApplySendBuffer(socket);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
            return Opened(socket, null, started);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            Failure = new TransportFailure(path, [path], e, IsNameResolution: false);
            throw;
        }
        catch (ArgumentException e)
        {
            socket.Dispose();
            SocketException invalid = new((int)SocketError.InvalidArgument, e.Message);
            Failure = new TransportFailure(path, [path], invalid, IsNameResolution: false);
            throw invalid;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private TransportStream Opened(Socket socket, IPEndPoint? remote, long started)
    {
        TransportStream stream = new(socket);
        lock (_lock)
        {
            if (_isAborted)
            {
                stream.Dispose();
                throw new ObjectDisposedException(nameof(TransportConnector));
            }

            _opened.Add(stream);
        }

        Tcp = Stopwatch.GetElapsedTime(started);
        OpenedAt = Stopwatch.GetTimestamp();
        if (remote is not null && socket.LocalEndPoint is IPEndPoint local)
        {
            // The socket is not asked for its peer: one that was reset meanwhile knows it no longer.
            findings.LocalAddress = local.Address;
            findings.LocalPort = local.Port;
            findings.RemoteAddress = remote.Address;
            findings.RemotePort = remote.Port;
        }

        return stream;
    }

    // The framework hands IPv6 literals over in brackets, and the % before a scope as %25 where the address had it so (RFC 6874).
    private static string Unbracketed(string host)
    {
        string literal = host.Trim('[', ']');
        int scope = literal.Contains(':') ? literal.IndexOf("%25", StringComparison.Ordinal) : -1;
        return scope >= 0 && scope + 3 < literal.Length ? literal.Remove(scope + 1, 2) : literal;
    }

    private void PrepareTcp(Socket socket)
    {
        socket.NoDelay = settings.NoDelay;
        ApplySendBuffer(socket);
    }

    private void ApplySendBuffer(Socket socket)
    {
        if (settings.OutboundBufferSizeInBytes is > 0 and uint size)
        {
            socket.SendBufferSize = (int)Math.Min(size, int.MaxValue);
        }
    }
}
