using System.Globalization;
using System.Management.Automation;
using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Sessions;
using MessageWebSockets.PowerShell.Views;

namespace MessageWebSockets.PowerShell;

/// <summary>How a socket looks in the default views.</summary>
public static class SocketText
{
    /// <summary>Its address, without secrets.</summary>
    /// <param name="socket">The socket, or a deserialized one.</param>
    public static string Address(object? socket)
    {
        object? uri = PSObject.AsPSObject(socket).Properties["Uri"]?.Value;
        return TerminalText.Escape(uri is Uri live ? Redaction.Of(live) : Redaction.Of(uri?.ToString() ?? ""));
    }

    /// <summary>Its state in one word, in a colour that says the same: open, on the way, or ended by a failure. For servers, too.</summary>
    /// <param name="socket">The socket, or a deserialized one.</param>
    /// <param name="open">What begins the colour of an open one.</param>
    /// <param name="changing">What begins the colour of one that opens or closes.</param>
    /// <param name="failed">What begins the colour of one that was aborted.</param>
    /// <param name="reset">What ends a colour.</param>
    public static string ColoredState(object? socket, string open, string changing, string failed, string reset)
    {
        string state = PSObject.AsPSObject(socket).Properties["State"]?.Value?.ToString() ?? "";
        string colour = state switch
        {
            nameof(MessageWebSocketState.Open) or nameof(WebSocketEchoServerState.Listening) => open,
            nameof(MessageWebSocketState.Connecting) or nameof(MessageWebSocketState.Closing)
                or nameof(WebSocketEchoServerState.Stopping) => changing,
            nameof(MessageWebSocketState.Aborted) => failed,
            _ => "",
        };
        return colour.Length > 0 ? colour + state + reset : state;
    }

    /// <summary>A number of messages in a column: whole, or where that does not fit in thousands, millions or billions.</summary>
    /// <param name="count">The number; null, as of a copy that lacks it, is empty.</param>
    /// <param name="width">The width of the column.</param>
    public static string Count(long? count, int width)
    {
        string whole = count?.ToString(CultureInfo.InvariantCulture) ?? "";
        if (whole.Length <= width || count is not { } known)
        {
            return whole;
        }

        // Rounded down: nothing is counted that did not happen.
        (long unit, string suffix) = known switch
        {
            < 1_000_000 => (1_000L, "k"),
            < 1_000_000_000 => (1_000_000L, "M"),
            _ => (1_000_000_000L, "G"),
        };
        string tenths = $"{known / unit}.{known % unit * 10 / unit}{suffix}";
        return tenths.Length <= width ? tenths : $"{known / unit}{suffix}";
    }

    /// <summary>Its state, with since when and for how long it is open, or how it ended.</summary>
    /// <param name="socket">The socket.</param>
    public static string State(MessageWebSocket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        MessageWebSocketInformation information = socket.Information;
        switch (socket.State)
        {
            case MessageWebSocketState.Open when information.OpenedAt is { } opened:
                TimeSpan age = DateTime.Now - opened;
                string days = age.Days > 0 ? $"{age.Days}." : "";
                string since = opened.ToString(age.Days > 0 ? "yyyy-MM-dd HH:mm:ss" : "HH:mm:ss", CultureInfo.InvariantCulture);
                return $"Open since {since} ({days}{age.ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture)})";
            case MessageWebSocketState.Closed when information.CloseCode is { } code:
                string reason = string.IsNullOrEmpty(information.CloseReason) ? "" : $" {TerminalText.Escape(information.CloseReason)}";
                return code == 1005 ? "Closed (no code)" : $"Closed ({code}{reason})";
            case MessageWebSocketState.Aborted when information.Failure is { } failure:
                return $"Aborted ({LibraryText.Reason(failure).TrimEnd('.')})";
            default:
                return socket.State.ToString();
        }
    }

    /// <summary>Why a connection was lost, as a sentence.</summary>
    /// <param name="socket">The socket that was connected.</param>
    /// <param name="failure">What failed, where the socket itself does not know yet.</param>
    internal static string Loss(MessageWebSocket socket, MessageWebSocketException? failure)
    {
        if (SocketExtras.Of(socket).IsCutOff)
        {
            return $"A message to {Address(socket)} was cut off, so it was closed.";
        }

        if ((socket.Information.Failure ?? failure) is { } known)
        {
            return LibraryText.Reason(known);
        }

        string reason = string.IsNullOrEmpty(socket.Information.CloseReason)
            ? ""
            : $" \"{TerminalText.Escape(socket.Information.CloseReason)}\"";
        return $"{Address(socket)} closed it with code {socket.Information.CloseCode}{reason}.";
    }

    /// <summary>Both ends of its transport.</summary>
    /// <param name="socket">The socket.</param>
    public static string Addresses(MessageWebSocket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        MessageWebSocketInformation information = socket.Information;
        return socket.Control.UnixSocketPath is { } path
            ? path
            : information.RemoteAddress is null
                ? ""
                : $"{End(information.LocalAddress, information.LocalPort)}, {End(information.RemoteAddress, information.RemotePort)}";
    }

    /// <summary>The agreed subprotocol, as it is shown; null before there is one, empty where none was agreed.</summary>
    /// <param name="socket">The socket.</param>
    public static string? AgreedProtocol(MessageWebSocket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return Redaction.AgreedProtocol(socket.Information) is { } protocol ? TerminalText.Escape(protocol) : null;
    }

    /// <summary>The agreed subprotocol in words.</summary>
    /// <param name="socket">The socket.</param>
    public static string Protocol(MessageWebSocket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return AgreedProtocol(socket) switch
        {
            null => "",
            "" => "none",
            string protocol => protocol,
        };
    }

    /// <summary>The agreed compression.</summary>
    /// <param name="socket">The socket.</param>
    public static string Compression(MessageWebSocket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return socket.Information.Compression is { } agreed ? ConnectionText.Compression(agreed) : "none";
    }

    /// <summary>The TLS version and the server's certificate, with the days it is still valid for.</summary>
    /// <param name="socket">The socket.</param>
    public static string Tls(MessageWebSocket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        if (socket.Information.ServerCertificate is not { } certificate)
        {
            return "none";
        }

        string version = socket.Information.TlsProtocol switch
        {
            SslProtocols.Tls12 => "TLS 1.2, ",
            SslProtocols.Tls13 => "TLS 1.3, ",
            null => "",
            SslProtocols other => $"{other}, ",
        };
        string errors = socket.Information.ServerCertificateErrors is { Count: > 0 } found ? $", errors: {string.Join(", ", found)}" : "";
        return version + Certificate(certificate) + errors;
    }

    /// <summary>How long the stages of the connect took.</summary>
    /// <param name="socket">The socket.</param>
    public static string Timings(MessageWebSocket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        if (socket.Information.ConnectTimings is not { } timings)
        {
            return "";
        }

        List<string> stages = [];
        AddStage(stages, "name", timings.NameResolution);
        AddStage(stages, "TCP", timings.Tcp);
        AddStage(stages, "TLS", timings.Tls);
        AddStage(stages, "upgrade", timings.Upgrade);
        AddStage(stages, "total", timings.Total);
        return string.Join(", ", stages);
    }

    /// <summary>What was sent.</summary>
    /// <param name="socket">The socket.</param>
    public static string Sent(MessageWebSocket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return $"{Messages(socket.Information.MessagesSent)}, {ByteCount.Of(socket.Information.PayloadBytesSent)}";
    }

    /// <summary>What was received, and how much of it is unread or was dropped.</summary>
    /// <param name="socket">The socket.</param>
    public static string Received(MessageWebSocket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        MessageWebSocketInformation information = socket.Information;
        string dropped = information.MessagesDropped > 0 ? $", {information.MessagesDropped} dropped" : "";
        return $"{Messages(information.MessagesReceived)}, {ByteCount.Of(information.PayloadBytesReceived)}, "
            + $"{information.MessagesQueued} queued{dropped}";
    }

    /// <summary>What the connection did on its own; empty where that is nothing.</summary>
    /// <param name="socket">The socket.</param>
    public static string Automatic(MessageWebSocket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        MessageWebSocketInformation information = socket.Information;
        List<string> done = [];
        Add(information.HeartbeatsSent, "heartbeat", "heartbeats");
        Add(information.AutoRepliesSent, "automatic reply", "automatic replies");
        Add(information.MessagesIgnored, "message ignored", "messages ignored");
        return string.Join(", ", done);

        void Add(long count, string one, string many)
        {
            if (count > 0)
            {
                done.Add($"{count.ToString(CultureInfo.InvariantCulture)} {(count == 1 ? one : many)}");
            }
        }
    }

    /// <summary>The last round-trip time.</summary>
    /// <param name="socket">The socket.</param>
    public static string RoundTrip(MessageWebSocket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return socket.Information.LastRoundTripTime is { } time ? $"{Milliseconds(time)} (last ping)" : "";
    }

    private static string Certificate(X509Certificate2 certificate)
    {
        int days = (int)Math.Floor((certificate.NotAfter - DateTime.Now).TotalDays);
        string expiry = certificate.NotAfter.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        return days < 0
            ? $"{TerminalText.Escape(certificate.Subject)}, expired {expiry} ({-days} days ago)"
            : $"{TerminalText.Escape(certificate.Subject)}, expires {expiry} ({days} days)";
    }

    private static string Messages(long count) => count == 1 ? "1 message" : $"{count} messages";

    private static string End(IPAddress? address, int port) => new IPEndPoint(address ?? IPAddress.None, port).ToString();

    private static void AddStage(List<string> stages, string name, TimeSpan? time)
    {
        if (time is { } known)
        {
            stages.Add($"{name} {Milliseconds(known)}");
        }
    }

    private static string Milliseconds(TimeSpan time) =>
        time.TotalMilliseconds.ToString(time.TotalMilliseconds < 99.95 ? "0.0" : "0", CultureInfo.InvariantCulture) + " ms";
}
