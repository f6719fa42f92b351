using System.Net.WebSockets;

namespace MessageWebSockets.Connections;

/// <summary>How the framework's framing is set up for a connection.</summary>
internal static class FramingOptions
{
    /// <summary>For what arrives. It is inflated before the framing sees it.</summary>
    public static WebSocketCreationOptions ForReceiving(OpenedConnection opened) => For(opened, deflate: null, isServer: false);

    /// <summary>For what is compressed and sent. Only a server's framing leaves the masking to others.</summary>
    public static WebSocketCreationOptions ForCompressing(OpenedConnection opened) =>
        For(opened, Swapped(opened.Compression!), isServer: true);

    private static WebSocketCreationOptions For(OpenedConnection opened, WebSocketDeflateOptions? deflate, bool isServer) => new()
    {
        IsServer = isServer,
        SubProtocol = opened.Protocol,

        // Off: the class KeepAlive does it.
        KeepAliveInterval = TimeSpan.Zero,
        DangerousDeflateOptions = deflate,
    };

    // What a server's framing compresses with are the server's parameters; ours are the client's.
    private static WebSocketDeflateOptions Swapped(WebSocketDeflateOptions agreed) => new()
    {
        ServerContextTakeover = agreed.ClientContextTakeover,
        ServerMaxWindowBits = agreed.ClientMaxWindowBits,
        ClientContextTakeover = agreed.ServerContextTakeover,
        ClientMaxWindowBits = agreed.ServerMaxWindowBits,
    };
}
