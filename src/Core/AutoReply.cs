using System.Text;
using System.Text.RegularExpressions;

namespace MessageWebSockets;

/// <summary>An answer that a connection gives on its own: to a text, or to whatever matches a pattern.</summary>
/// <remarks>Immutable, and so safe from any thread.</remarks>
public sealed class AutoReply
{
    private readonly byte[] _text = [];
    private readonly Regex? _pattern;

    /// <summary>Answers a text.</summary>
    /// <param name="text">The whole message to answer.</param>
    /// <param name="answer">The answer.</param>
    /// <exception cref="ArgumentException">The text has a lone surrogate.</exception>
    public AutoReply(string text, PresetMessage answer)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(answer);
        _text = StrictUtf8.GetBytes(text, nameof(text));
        Question = text;
        Answer = answer;
    }

    /// <summary>Answers whatever matches a pattern.</summary>
    /// <param name="pattern">The pattern. It is tried for a second at most on each message, and not on messages of more than 64
    /// KiB.</param>
    /// <param name="answer">The answer. In one of text, <c>$1</c> and <c>${name}</c> stand for what groups of the pattern matched, and
    /// <c>$$</c> for a dollar sign.</param>
    public AutoReply(Regex pattern, PresetMessage answer)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(answer);
        _pattern = TextPattern.WithLimit(pattern);
        Question = pattern.ToString();
        Answer = answer;
    }

    /// <summary>The text or pattern that is answered.</summary>
    public string Question { get; }

    /// <summary>Whether <see cref="Question"/> is a pattern.</summary>
    public bool IsPattern => _pattern is not null;

    /// <summary>The answer.</summary>
    public PresetMessage Answer { get; }

    /// <summary>What is answered, and what with.</summary>
    public override string ToString() => $"{(IsPattern ? $"/{Question}/" : Question)} -> {Answer}";

    /// <summary>The answer to a message; null when it is none that this one answers.</summary>
    /// <param name="payload">The message.</param>
    internal PresetMessage? To(byte[] payload)
    {
        if (_pattern is null)
        {
            return payload.AsSpan().SequenceEqual(_text) ? Answer : null;
        }

        return TextPattern.Match(_pattern, payload) is not { } match ? null
            : Answer.MessageType == SocketMessageType.Binary ? Answer
            : new PresetMessage(Encoding.UTF8.GetBytes(match.Result(Answer.ToString())), SocketMessageType.Utf8);
    }
}
