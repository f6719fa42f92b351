namespace MessageWebSockets.TestServer;

/// <summary>
/// One misbehaviour of a server. The script reads its parameters, if it has any, from the query of the request. A fault of the
/// stages Frames and Life that lets the upgrade pass sends the text messages "before-1" and "before-2" first, unless its
/// description says otherwise.
/// </summary>
public sealed record Fault(string Name, FaultStage Stage, string Description, Func<RawConnection, Task> Script)
{
    public FaultTransport Transport { get; init; } = FaultTransport.Plain;

    /// <summary>Which certificate the server shows and what it asks of the client; null without TLS.</summary>
    public Func<TestCertificates, RawTlsOptions>? Tls { get; init; }

    public override string ToString() => Name;
}
