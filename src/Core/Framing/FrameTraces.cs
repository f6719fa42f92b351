using System.Collections.Concurrent;

namespace MessageWebSockets.Framing;

/// <summary>
/// Tells the trace of a user of the frames that pass: one at a time, in order, on a thread of the pool. Whoever moves the frames only
/// notes them, so that a trace that is slow, throws or calls back harms nobody. Thread-safe.
/// </summary>
internal sealed class FrameTraces
{
    // Of 24 bytes each. A trace that is this far behind misses frames until it has caught up.
    private const int LongestQueue = 64 * 1024;

    private Told? _told;

    /// <summary>Who is told; null for nobody. May change at any time.</summary>
    public IProgress<FrameTraceEntry>? Trace
    {
        get => Volatile.Read(ref _told)?.Trace;
        set => Volatile.Write(ref _told, value is null ? null : new Told(value));
    }

    /// <summary>Notes a frame. Never throws.</summary>
    public void Add(FrameDirection direction, in FrameHeader header) => Volatile.Read(ref _told)?.Add(direction, header);

    /// <summary>Completes when the trace was told of everything noted before.</summary>
    public Task SettledAsync() => Volatile.Read(ref _told)?.SettledAsync() ?? Task.CompletedTask;

    private sealed class Told(IProgress<FrameTraceEntry> trace) : IThreadPoolWorkItem
    {
        private readonly ConcurrentQueue<Note> _notes = new();
        private int _isTelling;

        public IProgress<FrameTraceEntry> Trace => trace;

        public void Add(FrameDirection direction, in FrameHeader header)
        {
            if (_notes.Count >= LongestQueue)
            {
                return;
            }

            try
            {
                Enqueue(new Note(new FrameTraceEntry(direction, header.Opcode, header.IsFinal, header.PayloadLength), null));
            }
            catch (OutOfMemoryException)
            {
                // The frame passes all the same.
            }
        }

        public Task SettledAsync()
        {
            TaskCompletionSource settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Enqueue(new Note(default, settled));
            return settled.Task;
        }

        public void Execute()
        {
            do
            {
                while (_notes.TryDequeue(out Note note))
                {
                    if (note.Settled is not null)
                    {
                        note.Settled.SetResult();
                    }
                    else
                    {
                        ForeignCode.Run("Control.FrameTrace", trace.Report, note.Entry);
                    }
                }

                Volatile.Write(ref _isTelling, 0);
                Interlocked.MemoryBarrier();
            }
            while (!_notes.IsEmpty && Interlocked.Exchange(ref _isTelling, 1) == 0);
        }

        private void Enqueue(Note note)
        {
            _notes.Enqueue(note);
            if (Interlocked.Exchange(ref _isTelling, 1) == 0)
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            }
        }
    }

    private readonly record struct Note(FrameTraceEntry Entry, TaskCompletionSource? Settled);
}
