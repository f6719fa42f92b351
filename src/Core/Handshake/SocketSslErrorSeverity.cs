namespace MessageWebSockets;

/// <summary>How severe the errors of a server certificate are together (Windows.Networking.Sockets.SocketSslErrorSeverity).</summary>
public enum SocketSslErrorSeverity
{
    /// <summary>No error.</summary>
    None,

    /// <summary>Each error is of a kind that <see cref="WebSocketControl.IgnorableServerCertificateErrors"/> can name.</summary>
    Ignorable,

    /// <summary>At least one error cannot be ignored.</summary>
    Fatal,
}
