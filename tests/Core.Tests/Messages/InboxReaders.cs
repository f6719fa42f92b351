using System.Globalization;

namespace MessageWebSockets.Tests.Messages;

/// <summary>Readers of an inbox whose messages are numbers, until it ends.</summary>
internal static class InboxReaders
{
    public static int Number(WsMessage message) => int.Parse(message.Text, CultureInfo.InvariantCulture);

    /// <summary>Takes whatever comes next.</summary>
    public static async Task<int[]> TakeInTurnAsync(Inbox<WsMessage> inbox)
    {
        List<int> taken = [];
        while (await inbox.WaitToTakeAsync(CancellationToken.None))
        {
            while (inbox.TryTake(out WsMessage? message))
            {
                taken.Add(Number(message));
            }
        }

        return [.. taken];
    }

    /// <summary>Looks at each message, and takes what is wanted and still there.</summary>
    public static async Task<int[]> LookThroughAsync(Inbox<WsMessage> inbox, Predicate<int> wanted)
    {
        using InboxCursor<WsMessage> cursor = new(inbox);
        List<int> taken = [];
        while (await cursor.WaitToMoveNextAsync(CancellationToken.None))
        {
            while (cursor.TryMoveNext(out WsMessage? message))
            {
                if (wanted(Number(message)) && cursor.TryTake(message))
                {
                    taken.Add(Number(message));
                }
            }
        }

        return [.. taken];
    }
}
