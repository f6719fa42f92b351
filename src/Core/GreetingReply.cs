using System.Text;
using System.Text.RegularExpressions;

namespace MessageWebSockets;

/// <summary>The answer that a greeting waits for: the first message that is neither answered nor ignored.</summary>
/// <remarks>Told of messages by the receive loop, and awaited by who greets.</remarks>
internal sealed class GreetingReply(Regex pattern)
{
    private readonly TaskCompletionSource<(string? Other, MessageWebSocketException? Failure)> _outcome =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Takes the first message if it is the answer; every other belongs to who reads.</summary>
    /// <param name="message">A message; null for one that is too long for an answer, or comes in chunks.</param>
    public bool TryTake(byte[]? message)
    {
        if (_outcome.Task.IsCompleted)
        {
            return false;
        }

        bool isTaken = message is not null && TextPattern.Match(pattern, message) is not null;
        string said = message is null
            ? "with a message that is long, or came in chunks (ReceiveMode)"
            : PeerText.OneLine(Encoding.UTF8.GetString(message));
        _outcome.TrySetResult((isTaken ? null : $"the server answered {said}", null));
        return isTaken;
    }

    /// <summary>Says that nothing more comes.</summary>
    public void End(MessageWebSocketException? failure) => _outcome.TrySetResult(("the server did not answer.", failure));

    /// <summary>Waits for the answer.</summary>
    /// <exception cref="InvalidDataException">Another message came first, or none before the close.</exception>
    /// <exception cref="MessageWebSocketException">The connection broke.</exception>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        (string? other, MessageWebSocketException? failure) = await _outcome.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (other is not null)
        {
            throw failure ?? (Exception)new InvalidDataException(other);
        }
    }
}
