using System.Diagnostics.CodeAnalysis;
using MessageWebSockets.Messages;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>
/// One socket of a <see cref="MessageSource"/>: its messages are taken in turn, or looked through and some of them taken. For one reader.
/// </summary>
/// <param name="socket">The socket.</param>
/// <param name="looksThrough">Whether its messages are looked through.</param>
internal sealed class Inlet(MessageWebSocket socket, bool looksThrough) : IDisposable
{
    private readonly InboxCursor<WsMessage>? _cursor = looksThrough ? socket.OpenCursor() : null;
    private WsMessage? _next;

    public MessageWebSocket Socket => socket;

    /// <summary>Looks at the next message.</summary>
    public bool TryPeek([NotNullWhen(true)] out WsMessage? message)
    {
        if (_cursor is null)
        {
            return socket.TryPeek(out message);
        }

        if (_next is null)
        {
            _cursor.TryMoveNext(out _next);
        }

        message = _next;
        return message is not null;
    }

    /// <summary>Takes the next message, where they are taken in turn.</summary>
    public bool TryTake([NotNullWhen(true)] out WsMessage? message) => socket.TryReceive(out message);

    /// <summary>Leaves the next message where it is and goes on to the one behind it.</summary>
    public void Pass() => _next = null;

    /// <summary>Takes the message that was passed last; false when somebody else has.</summary>
    public bool TryTakePassed(WsMessage message) => _cursor!.TryTake(message);

    /// <summary>Puts the message back that was passed and taken last.</summary>
    public void Return(WsMessage message) => _cursor!.Return(message);

    /// <summary>Waits for a message; false at the orderly end of the socket.</summary>
    /// <exception cref="MessageWebSocketException">The connection ended abnormally.</exception>
    public ValueTask<bool> WaitAsync(CancellationToken cancellationToken) => _cursor is null
        ? socket.WaitToReceiveAsync(cancellationToken)
        : _next is not null && !cancellationToken.IsCancellationRequested
            ? new ValueTask<bool>(true)
            : _cursor.WaitToMoveNextAsync(cancellationToken);

    public void Dispose() => _cursor?.Dispose();
}
