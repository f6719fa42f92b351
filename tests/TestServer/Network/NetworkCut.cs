namespace MessageWebSockets.TestServer;

/// <summary>How a network ends a connection in the middle.</summary>
public enum NetworkCut
{
    /// <summary>Nothing passes any more, either way, and nobody is told: the link is down, or the peer's machine is.</summary>
    Silence,

    /// <summary>A FIN, as from a server process that ends.</summary>
    End,

    /// <summary>A RST, as from a firewall or a machine that started anew.</summary>
    Reset,
}
