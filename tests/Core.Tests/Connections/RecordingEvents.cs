using System.Collections.Concurrent;

namespace MessageWebSockets.Tests.Connections;

/// <summary>Notes what a connection tells of itself, and keeps what the end was, as a socket does.</summary>
internal sealed class RecordingEvents : IConnectionEvents
{
    private readonly ConcurrentQueue<string> _told = new();
    private readonly TaskCompletionSource _raised = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isOver;

    public bool IsClosed { get; private set; }

    /// <summary>What is done when the connection is told to be lost.</summary>
    public Action? WhenAborted { get; set; }

    public IEnumerable<string> Told => _told;

    /// <summary>Ends when the close is raised, which comes after all else.</summary>
    public Task Raised => _raised.Task;

    public void OnClosing() => _told.Enqueue("closing");

    public bool OnClosed(WebSocketCloseResult close, bool byPeer)
    {
        bool isFirst = Interlocked.Exchange(ref _isOver, 1) == 0;
        IsClosed |= isFirst;
        _told.Enqueue($"closed {close.Code} {close.Reason} {(byPeer ? "by peer" : "here")}");
        return isFirst;
    }

    public void RaiseClosed(WebSocketCloseResult close)
    {
        _told.Enqueue($"raise {close.Code}");
        _raised.TrySetResult();
    }

    public void OnAborted(MessageWebSocketException failure)
    {
        Interlocked.Exchange(ref _isOver, 1);
        WhenAborted?.Invoke();
        _told.Enqueue($"aborted {failure.Status}");
    }

    public void OnRoundTrip(TimeSpan roundTrip) => _told.Enqueue("round trip");
}
