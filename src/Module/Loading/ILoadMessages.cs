using MessageWebSockets.PowerShell.Messages;

namespace MessageWebSockets.PowerShell.Loading;

/// <summary>Where the messages of a load come from.</summary>
internal interface ILoadMessages
{
    /// <summary>Whether connections had to wait for more than one message in a hundred to be made.</summary>
    public bool WereTooSlow { get; }

    /// <summary>
    /// Whether each message begins with the number it was asked for, in sixteen hexadecimal digits, so that an answer tells which
    /// message it belongs to. Without, answers are taken in the order of the messages.
    /// </summary>
    public bool AreNumbered { get; }

    /// <summary>The next message of a connection.</summary>
    /// <param name="number">Its number, by which its connection knows the answer.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask<OutgoingMessage> NextAsync(long number, CancellationToken cancellationToken);
}
