namespace MessageWebSockets.TestServer;

/// <summary>Which path does what. Each class named here explains its query parameters.</summary>
internal static class EndpointTable
{
    public static void Map(WebApplication application)
    {
        application.Map("/echo", EchoEndpoint.EchoAsync);
        application.Map("/echo/deflate", EchoEndpoint.EchoDeflatedAsync);
        application.Map("/stall", EchoEndpoint.StallAsync);
        application.Map("/subprotocol", EchoEndpoint.ChooseSubProtocolAsync);
        application.Map("/flood", FrameEndpoints.FloodAsync);
        application.Map("/sink", FrameEndpoints.SinkAsync);
        application.Map("/close", FrameEndpoints.CloseAsync);
        application.Map("/fragments", FrameEndpoints.FragmentsAsync);
        application.Map("/ping", FrameEndpoints.PingAsync);
        application.Map("/say", TalkEndpoints.SayAsync);
        application.Map("/push", TalkEndpoints.PushAsync);
        application.Map("/silent", TalkEndpoints.SilentAsync);
        application.Map("/headers", TalkEndpoints.HeadersAsync);
        application.Map("/connection", TalkEndpoints.ConnectionAsync);
        application.Map("/cookie", TalkEndpoints.CookieAsync);
        application.Map("/broadcast", new BroadcastEndpoint().JoinAsync);
        application.Map("/rpc", JsonRpcEndpoint.AnswerAsync);
        application.Map("/api/websocket", HomeAssistantEndpoint.TalkAsync);
        application.Map("/api/v1/namespaces/{space}/pods/{pod}/exec", ExecEndpoint.RunAsync);
        application.Map("/status/{code:int}", HttpEndpoints.StatusAsync);
        application.Map("/redirect", HttpEndpoints.RedirectAsync);
        application.Map("/basic", AuthenticationEndpoints.BasicAsync);
        application.Map("/digest", AuthenticationEndpoints.DigestAsync);
    }
}
