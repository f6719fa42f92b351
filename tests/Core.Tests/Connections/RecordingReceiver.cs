using System.Text;
using System.Threading.Channels;

namespace MessageWebSockets.Tests.Connections;

/// <summary>Takes what a connection receives, and notes what it is told.</summary>
internal sealed class RecordingReceiver : IReceiver
{
    private readonly Channel<string> _calls = Channel.CreateUnbounded<string>();

    public bool IsHeldUp { get; set; }

    /// <summary>Whether the answer to the peer's close frame is held.</summary>
    public bool HoldsAnswer { get; set; }

    /// <summary>Whether each message is waited for.</summary>
    public Task? Readers { get; set; }

    /// <summary>Waits until the call came, and returns those before it.</summary>
    public async Task<List<string>> UntilAsync(string call)
    {
        List<string> before = [];
        string next;
        while ((next = await _calls.Reader.ReadAsync()) != call)
        {
            before.Add(next);
        }

        return before;
    }

    public bool Take(ReceivedData received, long utcTicks, bool isClosing)
    {
        Note($"take {Encoding.UTF8.GetString(received.Bytes!)}{(isClosing ? " closing" : "")}");
        return Readers is not null;
    }

    public void CountDropped() => Note("dropped");

    public Task WaitForReadersAsync(CancellationToken closeBegan) => Readers!.WaitAsync(closeBegan)
        .ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    public void Publish() => Note("publish");

    public void PublishElsewhere() => Note("publish elsewhere");

    public Task LetReadersAnswerAsync(TimeSpan longest)
    {
        Note($"let answer {longest.TotalMilliseconds}");
        return Task.CompletedTask;
    }

    public void Complete(MessageWebSocketException? error) => Note($"complete {error?.Status}");

    public void CompleteHere() => Note("complete here");

    public bool HoldsAnswerTo(WebSocketCloseResult close) => HoldsAnswer;

    public void TellFailure(MessageWebSocketException failure) => Note($"tell {failure.Status}");

    private void Note(string call) => _calls.Writer.TryWrite(call);
}
