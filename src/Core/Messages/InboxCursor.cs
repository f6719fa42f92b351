using System.Diagnostics.CodeAnalysis;

namespace MessageWebSockets.Messages;

/// <summary>Goes through an inbox, each message once, and takes those it wants; the others stay where they are. For one reader.</summary>
internal sealed class InboxCursor<T>(Inbox<T> inbox) : IDisposable
    where T : class, IInboxItem
{
    private readonly InboxQueue<T>.Place _place = inbox.Messages.Enter();

    /// <summary>Looks at the next message.</summary>
    public bool TryMoveNext([NotNullWhen(true)] out T? message) => inbox.Messages.TryMoveNext(_place, out message);

    /// <summary>Takes the message looked at last; false when somebody else has.</summary>
    public bool TryTake(T message) => inbox.TryTake(_place, message);

    /// <summary>Puts the message back that was taken last; it is looked at again.</summary>
    public void Return(T message) => inbox.Return(message, _place);

    /// <summary>Waits for a message to look at; false once all were looked at and the inbox ended in order.</summary>
    /// <exception cref="MessageWebSocketException">All were looked at and the connection ended abnormally.</exception>
    public ValueTask<bool> WaitToMoveNextAsync(CancellationToken cancellationToken) => inbox.WaitForNextAsync(_place, cancellationToken);

    public void Dispose() => inbox.Messages.Leave(_place);
}
