using System.Globalization;
using System.Text;

namespace MessageWebSockets.TestServer;

/// <summary>Endpoints that need frames of their own making.</summary>
internal static class FrameEndpoints
{
    /// <summary>
    /// ?count=N&amp;size=S&amp;type=text|binary: N messages, then waits for the close. Each begins with its number, counted
    /// from 0: ten decimal digits in a text message, eight bytes big-endian in a binary one.
    /// </summary>
    public static Task FloodAsync(HttpContext context)
    {
        FloodPlan plan = FloodPlan.Parse(name => context.Request.Query[name].FirstOrDefault());
        return Upgrade.ToFramesAsync(context, (channel, ending) => channel.FloodAsync(plan, ending));
    }

    /// <summary>Counts; a text message "count" is answered with {"messages":N,"bytes":M}, itself not counted.</summary>
    public static Task SinkAsync(HttpContext context) =>
        Upgrade.ToFramesAsync(context, (channel, ending) => channel.SinkAsync(ending));

    /// <summary>?code=C&amp;reason=R: closes right away, with an empty close frame if there is no code; waits for the answer.</summary>
    public static Task CloseAsync(HttpContext context)
    {
        ushort? code = ushort.TryParse(context.Request.Query["code"], CultureInfo.InvariantCulture, out ushort number) ? number : null;
        string reason = context.Request.Query["reason"].FirstOrDefault() ?? "";
        return Upgrade.ToFramesAsync(context, async (channel, ending) =>
        {
            await channel.SendBytesAsync(FrameBytes.Close(code, reason), ending);
            await ReadUntilCloseAsync(channel, ending);
        });
    }

    /// <summary>?sizes=1,2,3&amp;type=text|binary: one message in fragments of these sizes (a, b, c … repeated), then a sink.</summary>
    public static Task FragmentsAsync(HttpContext context)
    {
        IQueryCollection query = context.Request.Query;
        string list = query["sizes"].FirstOrDefault() ?? "1,2,3";
        int[] sizes = [.. list.Split(',').Select(size => int.Parse(size, CultureInfo.InvariantCulture))];
        FrameOpcode type = query["type"] == "binary" ? FrameOpcode.Binary : FrameOpcode.Text;
        return Upgrade.ToFramesAsync(context, async (channel, ending) =>
        {
            for (int i = 0; i < sizes.Length; i++)
            {
                byte[] payload = new byte[sizes[i]];
                payload.AsSpan().Fill((byte)('a' + (i % 26)));
                FrameOpcode opcode = i == 0 ? type : FrameOpcode.Continuation;
                await channel.SendBytesAsync(FrameBytes.Build(opcode, payload, fin: i == sizes.Length - 1), ending);
            }

            await channel.SinkAsync(ending);
        });
    }

    /// <summary>?payload=text&amp;count=1: pings, and reports each pong's payload as a text message; then a sink.</summary>
    public static Task PingAsync(HttpContext context)
    {
        byte[] payload = Encoding.UTF8.GetBytes(context.Request.Query["payload"].FirstOrDefault() ?? "");
        int count = int.Parse(context.Request.Query["count"].FirstOrDefault() ?? "1", CultureInfo.InvariantCulture);
        return Upgrade.ToFramesAsync(context, async (channel, ending) =>
        {
            for (int i = 0; i < count; i++)
            {
                await channel.SendBytesAsync(FrameBytes.Build(FrameOpcode.Ping, payload), ending);
                RawFrame? pong;
                do
                {
                    pong = await channel.ReadFrameAsync(ending);
                }
                while (pong is not null && pong.Opcode is not (FrameOpcode.Pong or FrameOpcode.Close));
                if (pong?.Opcode != FrameOpcode.Pong)
                {
                    await channel.SendBytesAsync(FrameBytes.Build(FrameOpcode.Close, pong?.Payload ?? []), ending);
                    return;
                }

                await channel.SendBytesAsync(FrameBytes.Build(FrameOpcode.Text, pong.Payload), ending);
            }

            await channel.SinkAsync(ending);
        });
    }

    private static async Task ReadUntilCloseAsync(FrameChannel channel, CancellationToken ending)
    {
        RawFrame? frame;
        do
        {
            frame = await channel.ReadFrameAsync(ending);
        }
        while (frame is not null && frame.Opcode != FrameOpcode.Close);
    }
}
