namespace MessageWebSockets.TestServer;

/// <summary>What stands under a fault's script, and what the client is told.</summary>
public enum FaultTransport
{
    /// <summary>TCP, and a ws address.</summary>
    Plain,

    /// <summary>TLS, and a wss address.</summary>
    Tls,

    /// <summary>TCP, and a wss address.</summary>
    PlainUnderSecureUri,

    /// <summary>TLS, and a ws address.</summary>
    TlsUnderPlainUri,

    /// <summary>Nobody listens at the address.</summary>
    Refused,

    /// <summary>The address names no host.</summary>
    Unresolvable,
}
