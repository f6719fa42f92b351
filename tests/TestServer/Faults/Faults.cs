namespace MessageWebSockets.TestServer;

/// <summary>Every fault a client must survive, by name.</summary>
public static class Faults
{
    public static IReadOnlyList<Fault> Handshake { get; } = [.. HandshakeFaults.List()];

    public static IReadOnlyList<Fault> Tls { get; } = [.. TlsFaults.List()];

    public static IReadOnlyList<Fault> Frames { get; } = [.. FrameFaults.List()];

    public static IReadOnlyList<Fault> Life { get; } = [.. LifeFaults.List()];

    public static IReadOnlyList<Fault> All { get; } = [.. Handshake, .. Tls, .. Frames, .. Life];

    private static readonly Dictionary<string, Fault> s_byName = All.ToDictionary(fault => fault.Name);

    /// <exception cref="ArgumentException">There is no such fault.</exception>
    public static Fault Named(string name) =>
        Find(name) ?? throw new ArgumentException($"There is no fault called {name}.", nameof(name));

    public static Fault? Find(string name) => s_byName.GetValueOrDefault(name);

    /// <summary>The fault one-byte-a-second at a pace of the test's own.</summary>
    public static Fault OneByteEvery(TimeSpan pace) => HandshakeFaults.OneByteEvery(pace);
}
