namespace MessageWebSockets;

/// <summary>What becomes of the connection that a connect opens: decided when the connect begins.</summary>
/// <param name="ReceivingEnd">Makes what becomes of the received bytes, once the handshake has succeeded; called in a lock.</param>
/// <param name="Greet">
/// What is done with the connection before it is anybody else's; null for nothing. If it fails, so has the connect.
/// </param>
/// <param name="Opened">Told of the connection when it is everybody's; null for nobody.</param>
internal sealed record ConnectPlan(
    Func<ReceivingEnd> ReceivingEnd, Func<CancellationToken, Task>? Greet = null, Action<Connection>? Opened = null);
