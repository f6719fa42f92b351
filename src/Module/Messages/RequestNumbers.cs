using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>Keeps the numbers that a script gives its requests apart from those that the module makes.</summary>
internal static class RequestNumbers
{
    // Longer ones are data and no requests, and not worth the reading.
    private const int LongestRequest = 64 * 1024;

    // Of the last property: a script sends to few sockets in turn.
    private static volatile Tuple<string, IdPath?> s_parsed = new("", null);

    /// <summary>Notes the number of a message where the connection's profile says that requests carry one.</summary>
    public static void Note(MessageWebSocket socket, string? message)
    {
        if (message is { Length: <= LongestRequest } && message.AsSpan().TrimStart().StartsWith('{')
            && socket.Control.IdProperty is { } property && PathOf(property) is { } path)
        {
            Note(SocketExtras.Of(socket), path.NumberOf(message));
        }
    }

    /// <summary>Notes a number; nothing where there is none.</summary>
    public static void Note(SocketExtras extras, long? number)
    {
        if (number is { } own)
        {
            extras.KeepRequestId(own);
        }
    }

    private static IdPath? PathOf(string property)
    {
        (string known, IdPath? path) = s_parsed;
        if (known != property)
        {
            path = IdPath.Parse(property);
            s_parsed = new(property, path);
        }

        return path;
    }
}
