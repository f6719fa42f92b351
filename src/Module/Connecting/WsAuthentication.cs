namespace MessageWebSockets.PowerShell;

/// <summary>How a connect authenticates with its first request.</summary>
public enum WsAuthentication
{
    /// <summary>Not at all; a credential is used when the server asks for one.</summary>
    None,

    /// <summary>User name and password (RFC 7617).</summary>
    Basic,

    /// <summary>A token (RFC 6750).</summary>
    Bearer,
}
