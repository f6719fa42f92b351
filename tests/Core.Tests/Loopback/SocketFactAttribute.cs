using System.Runtime.CompilerServices;
using Xunit;

namespace MessageWebSockets.Tests.Loopback;

/// <summary>A test over a real socket: its waits are on events, and this limit only turns a hang into a failure.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SocketFactAttribute : FactAttribute
{
    internal const int Patience = 30_000;

    public SocketFactAttribute([CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
        : base(sourceFilePath, sourceLineNumber) =>
        Timeout = Patience;
}
