using System.Globalization;
using MessageWebSockets.PowerShell.Messages;

namespace MessageWebSockets.PowerShell.Loading;

/// <summary>Text messages of one size.</summary>
internal sealed class SizedMessages(int size) : ILoadMessages
{
    /// <summary>The length of a number at the front of a message, in characters.</summary>
    public const int NumberLength = 16;

    private readonly string _filling = new('x', Math.Max(size - NumberLength, 0));
    private readonly string _short = new('x', Math.Min(size, NumberLength));

    /// <inheritdoc/>
    public bool WereTooSlow => false;

    /// <inheritdoc/>
    public bool AreNumbered => AreNumberedFrom(size);

    /// <summary>Whether messages of a size have room for their numbers.</summary>
    public static bool AreNumberedFrom(int size) => size >= NumberLength;

    /// <inheritdoc/>
    public ValueTask<OutgoingMessage> NextAsync(long number, CancellationToken cancellationToken) =>
        new(OutgoingMessage.OfText(AreNumbered ? number.ToString("x16", CultureInfo.InvariantCulture) + _filling : _short));

    /// <summary>The number at the front of a message; null where there is none.</summary>
    public static long? NumberOf(ReadOnlySpan<byte> message) =>
        message.Length >= NumberLength
        && long.TryParse(message[..NumberLength], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long number)
            ? number
            : null;
}
