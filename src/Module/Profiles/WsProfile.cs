using System.Management.Automation;

namespace MessageWebSockets.PowerShell;

/// <summary>What a protocol above WebSocket wants of every connection: the value of Connect-MessageWebSocket -Profile.</summary>
/// <remarks>Immutable. Each property is a setting of the socket's Control, or null or empty where the protocol has no wish.</remarks>
public sealed class WsProfile
{
    internal WsProfile()
    {
    }

    /// <summary>The name: that of its file, or empty.</summary>
    public string Name { get; internal init; } = "";

    /// <summary>What it is for, in a sentence.</summary>
    public string? Description { get; internal init; }

    /// <summary>The file it was read from; null for one that is no file.</summary>
    public string? Path { get; internal init; }

    /// <summary>The subprotocols to offer, preferred first.</summary>
    public IReadOnlyList<string> SubProtocol { get; internal init; } = [];

    /// <summary>What ends each record, where a message may carry several.</summary>
    public string? RecordSeparator { get; internal init; }

    /// <summary>What each connection sends first: strings, bytes, or objects that are sent as JSON.</summary>
    public IReadOnlyList<object> ConnectMessages { get; internal init; } = [];

    /// <summary>The pattern of what the server says first where it takes the connection; null where nothing is waited for.</summary>
    public string? ConnectReply { get; internal init; }

    /// <summary>The script that is run after each connect.</summary>
    public ScriptBlock? OnConnected { get; internal init; }

    /// <summary>What is sent when nothing else was for <see cref="HeartbeatIntervalSeconds"/>.</summary>
    public PresetMessage? HeartbeatMessage { get; internal init; }

    /// <summary>How long nothing was sent before a heartbeat, in seconds; 0 for no heartbeats.</summary>
    public double HeartbeatIntervalSeconds { get; internal init; }

    /// <summary>What is answered at once.</summary>
    public IReadOnlyList<AutoReply> AutoReply { get; internal init; } = [];

    /// <summary>The patterns of what is passed over.</summary>
    public IReadOnlyList<string> Ignore { get; internal init; } = [];

    /// <summary>Where requests and replies carry their number.</summary>
    public string? IdProperty { get; internal init; }

    /// <summary>How requests with a method are written; null where the protocol has none.</summary>
    public JsonRpcDialect? Dialect { get; internal init; }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
