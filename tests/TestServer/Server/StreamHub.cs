using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.SignalR;

namespace MessageWebSockets.TestServer;

/// <summary>A hub of ASP.NET Core SignalR, at /hub where <see cref="TestServerOptions.Hub"/> is set.</summary>
internal sealed class StreamHub : Hub
{
    /// <summary>Streams the numbers from 0 on, and ends with an error where <paramref name="fail"/> says so.</summary>
    public async IAsyncEnumerable<int> Count(int count, bool fail, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (int number = 0; number < count; number++)
        {
            yield return number;
            await Task.Delay(1, cancellationToken);
            Context.ConnectionAborted.ThrowIfCancellationRequested();
        }

        if (fail)
        {
            throw new HubException("That is enough.");
        }
    }
}
