namespace MessageWebSockets;

/// <summary>What the life of a socket raises, whichever class the socket is of.</summary>
internal interface ISocketEvents
{
    /// <summary>Whether somebody is to be asked about the server's certificate.</summary>
    public bool JudgesCertificates { get; }

    /// <summary>Asks the handlers about the server certificate; the token ends the wait for them.</summary>
    /// <returns>Whether they accept it.</returns>
    public Task<bool> IsCertificateAcceptedAsync(HandshakeFindings findings, CancellationToken cancellationToken);

    /// <summary>Raises Closed, once.</summary>
    public void RaiseClosed(WebSocketCloseResult close);
}
