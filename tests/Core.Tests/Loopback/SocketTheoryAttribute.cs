using System.Runtime.CompilerServices;
using Xunit;

namespace MessageWebSockets.Tests.Loopback;

/// <summary>As <see cref="SocketFactAttribute"/>, with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SocketTheoryAttribute : TheoryAttribute
{
    public SocketTheoryAttribute([CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
        : base(sourceFilePath, sourceLineNumber) =>
        Timeout = SocketFactAttribute.Patience;
}
