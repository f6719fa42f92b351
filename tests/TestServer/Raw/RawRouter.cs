namespace MessageWebSockets.TestServer;

/// <summary>
/// The raw server of the program: /flood, /sink, /echo, /manners with its mistake, and every fault under its name. A fault that would
/// strike before the request strikes after it here, since its name comes with the request.
/// </summary>
public static class RawRouter
{
    public static async Task RouteAsync(RawConnection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        RawRequest request = await connection.ReadRequestAsync();
        string name = request.Path.TrimStart('/');
        switch (name)
        {
            case "flood":
                await connection.AcceptHandshakeAsync(AnswerTo(request));
                await connection.FloodAsync(FloodPlan.Parse(request.Query));
                break;
            case "sink":
                await connection.AcceptHandshakeAsync(AnswerTo(request));
                await connection.SinkAsync();
                break;
            case "echo":
                await connection.AcceptHandshakeAsync();
                await EchoFramesAsync(connection);
                break;
            case "manners":
                await MannersServer.Script(request.Query("mistake") is { } mistake ? Mistakes.Named(mistake) : null)(connection);
                break;
            default:
                Func<RawConnection, Task>? script = Faults.Find(name) is { } fault && IsRoutable(fault) ? fault.Script : null;
                await (script is null ? connection.SendResponseAsync(404, $"No fault is called {name}.") : script(connection));
                break;
        }
    }

    /// <summary>Whether a fault needs no transport of its own.</summary>
    public static bool IsRoutable(Fault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        return fault.Transport == FaultTransport.Plain || fault.Name == "redirect-to-http-from-https";
    }

    /// <summary>With "deflate" in the query, compression; the sink reads one message by itself, so the client keeps no context.</summary>
    private static HandshakeAnswer AnswerTo(RawRequest request) => new()
    {
        Extensions = request.Query("deflate") is null
            ? null
            : "permessage-deflate; client_no_context_takeover",
    };

    /// <summary>Sends every frame back as it came: opcode, FIN and all. The bare echo for latency, without a framework.</summary>
    private static async Task EchoFramesAsync(RawConnection connection)
    {
        RawFrame? frame;
        do
        {
            frame = await connection.ReadFrameAsync();
            if (frame is not null && frame.Opcode != FrameOpcode.Pong)
            {
                FrameOpcode opcode = frame.Opcode == FrameOpcode.Ping ? FrameOpcode.Pong : frame.Opcode;
                await connection.SendFrameAsync(opcode, frame.Payload, frame.Fin);
            }
        }
        while (frame is not null && frame.Opcode != FrameOpcode.Close);
    }
}
