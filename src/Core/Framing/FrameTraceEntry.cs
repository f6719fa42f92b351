namespace MessageWebSockets;

/// <summary>The header of one frame as it passed the wire, without its payload.</summary>
/// <param name="Direction">Which way it went.</param>
/// <param name="Opcode">What it carries.</param>
/// <param name="IsFinal">The FIN bit: whether it is the last fragment of its message.</param>
/// <param name="Length">The payload length on the wire, in bytes; after compression where that is in use.</param>
public readonly record struct FrameTraceEntry(FrameDirection Direction, FrameOpcode Opcode, bool IsFinal, long Length)
{
    /// <summary>For example <c>sent text 5 B fin</c>.</summary>
    public override string ToString() =>
        $"{(Direction == FrameDirection.Sent ? "sent" : "received")} {Opcode.ToString().ToLowerInvariant()} "
        + $"{Length} B{(IsFinal ? " fin" : "")}";
}
