using System.Globalization;
using System.Text;
using Xunit;

namespace MessageWebSockets.Tests.Messages;

public sealed class InboxRoomTests
{
    private const int Messages = 50_000;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    private readonly Inbox<WsMessage> _inbox = new(limitInBytes: 300, new ReceivePause());

    [Fact]
    public async Task A_writer_that_waits_for_room_all_the_time_goes_on_whenever_one_of_many_readers_has_made_some()
    {
        Task<int[]>[] readers =
        [
            Task.Run(() => InboxReaders.LookThroughAsync(_inbox, static _ => true)),
            Task.Run(() => InboxReaders.TakeInTurnAsync(_inbox)),
            Task.Run(() => InboxReaders.TakeInTurnAsync(_inbox)),
        ];
        await Task.Run(WriteAsync, TestContext.Current.CancellationToken)
            .WaitAsync(s_patience, TestContext.Current.CancellationToken);
        int[][] taken = await Task.WhenAll(readers).WaitAsync(s_patience, TestContext.Current.CancellationToken);

        Assert.All(taken, ofOne => Assert.Equal(ofOne.Order(), ofOne));
        Assert.Equal(Enumerable.Range(0, Messages), taken.SelectMany(ofOne => ofOne).Order());
        Assert.Equal(0, _inbox.Count);
        Assert.Equal(0, _inbox.PayloadBytes);
    }

    private async Task WriteAsync()
    {
        for (int number = 0; number < Messages; number++)
        {
            if (_inbox.IsFull)
            {
                await _inbox.WaitForRoomAsync(CancellationToken.None);
            }

            byte[] text = Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture));
            _inbox.Add(new WsMessage(new ReceivedData(text, null, SocketMessageType.Utf8, true), DateTime.UtcNow.Ticks, null!));
        }

        _inbox.Complete(null);
    }
}
