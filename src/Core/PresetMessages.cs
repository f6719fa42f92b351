namespace MessageWebSockets;

/// <summary>What one connection sends without being asked: a copy of the settings, made when the connect begins.</summary>
/// <param name="Connect">What is sent first.</param>
/// <param name="Heartbeat">What is sent when nothing else was; null for nothing.</param>
/// <param name="HeartbeatInterval">How long nothing else was sent before; zero for no heartbeat.</param>
internal sealed record PresetMessages(PresetMessage[] Connect, PresetMessage? Heartbeat, TimeSpan HeartbeatInterval);
