using System.Management.Automation;
using System.Net;
using System.Net.Sockets;
using MessageWebSockets.PowerShell.Views;

namespace MessageWebSockets.PowerShell.Errors;

/// <summary>The errors of what listens: servers and tunnels.</summary>
internal static partial class WsErrors
{
    /// <summary>Why a server cannot listen; null where the exception says something else.</summary>
    /// <param name="failure">What was met.</param>
    /// <param name="endPoint">Where.</param>
    /// <param name="port">The parameter for the port.</param>
    /// <param name="address">The parameter for the address.</param>
    public static ErrorRecord? CannotListen(
        Exception failure, IPEndPoint endPoint, string port = "-Port", string address = "-Address")
    {
        if (failure is not SocketException e)
        {
            return null;
        }

        bool isTaken = e.SocketErrorCode == SocketError.AddressAlreadyInUse;
        string what = e.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse => $"Port {endPoint.Port} of {endPoint.Address} is in use.",
            SocketError.AddressNotAvailable => $"{endPoint.Address} is no address of this machine.",
            SocketError.AccessDenied => $"This user may not listen on port {endPoint.Port}.",
            _ => $"The server cannot listen on {endPoint}: {e.Message}",
        };
        string advice = e.SocketErrorCode switch
        {
            SocketError.AddressNotAvailable =>
                $"Leave {address} out for this machine alone, or give one of its addresses.",
            SocketError.AccessDenied => "Ports below 1024 are often reserved; take a higher one.",
            _ => $"Choose another {port}, or leave it out for a free one.",
        };
        return Create(
            isTaken ? "PortInUse" : "CannotListen",
            new InvalidOperationException(what, e),
            advice,
            isTaken ? ErrorCategory.ResourceExists : ErrorCategory.OpenError,
            endPoint);
    }

    public static ErrorRecord ServerNameInUse(string name) => Create(
        "ServerNameInUse",
        new InvalidOperationException($"A server of this session is already named '{name}'."),
        "Choose another -Name, or stop that one with Stop-WsEchoServer.",
        ErrorCategory.ResourceExists,
        name);

    public static ErrorRecord TunnelNameInUse(string name) => Create(
        "TunnelNameInUse",
        new InvalidOperationException($"A tunnel of this session is already named '{name}'."),
        "Choose another -Name, or stop that one with Stop-WsTunnel.",
        ErrorCategory.ResourceExists,
        name);

    public static ErrorRecord TunnelNotFound(string name, IEnumerable<string> names) =>
        NotFound("TunnelNotFound", "tunnel", "Start-WsTunnel", name, names);

    public static ErrorRecord ServerNotFound(string name, IEnumerable<string> names) =>
        NotFound("ServerNotFound", "server", "Start-WsEchoServer", name, names);

    private static ErrorRecord NotFound(string id, string kind, string starts, string name, IEnumerable<string> names)
    {
        string known = string.Join(", ", names);
        return Create(
            id,
            new ItemNotFoundException($"This session has no {kind} named '{name}'."),
            known.Length == 0 ? $"It has none at all; {starts} starts one." : $"Its {kind}s: {known}.",
            ErrorCategory.ObjectNotFound,
            name);
    }

    public static ErrorRecord InvalidTarget(string target) => Create(
        "InvalidTarget",
        new ArgumentException($"'{TerminalText.Escape(Redaction.Of(target))}' is no target for a tunnel."),
        "Write it as host:port, an IPv6 address in brackets: localhost:22, [::1]:6379.",
        ErrorCategory.InvalidArgument,
        Redaction.Of(target));

    public static ErrorRecord CertificateWithoutKey(string subject) => Create(
        "CertificateWithoutKey",
        new ArgumentException($"The certificate {TerminalText.Escape(subject)} has no private key, and a server needs that."),
        "Load it from a .pfx or .p12 file, with Get-PfxCertificate for example.",
        ErrorCategory.InvalidArgument,
        subject);
}
