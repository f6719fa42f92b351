using MessageWebSockets.Fuzz.Targets;

namespace MessageWebSockets.Fuzz;

/// <summary>
/// Something that reads bytes of strangers. It may end in the errors that its callers expect; any other exception, and what
/// <see cref="Require"/> finds, is a fault.
/// </summary>
public abstract class FuzzTarget
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new ClientFrames(), new ServerFrames(), new StreamOfServer(), new StreamOfClient(), new UpgradeAnswers(),
        new UpgradeRequests(), new Extensions(), new JsonReplies(), new Records(), new Escaping(),
    ];

    /// <summary>Its name, which its folder in Corpus has as well.</summary>
    public abstract string Name { get; }

    /// <summary>Reads one input.</summary>
    /// <param name="input">Any bytes.</param>
    public abstract void Run(ReadOnlySpan<byte> input);

    /// <summary>Says that something that has to hold does not.</summary>
    /// <exception cref="InvalidDataException">It does not hold.</exception>
    protected static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidDataException(what);
        }
    }

    /// <summary>What comes of a step for which everything is there, so that it may not wait.</summary>
    /// <exception cref="InvalidDataException">It waits.</exception>
    protected static T Now<T>(ValueTask<T> step)
    {
        Require(step.IsCompleted, "A wait where everything is there.");
        return step.Result;
    }

    /// <summary>Takes a byte off the front of an input, for what the target chooses by it; 0 when there is none.</summary>
    protected static byte Take(ref ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return 0;
        }

        byte first = input[0];
        input = input[1..];
        return first;
    }

    /// <summary>Takes what is before a separator off the front of an input; all of it when there is none.</summary>
    protected static ReadOnlySpan<byte> TakeTo(ref ReadOnlySpan<byte> input, byte separator)
    {
        int end = input.IndexOf(separator);
        ReadOnlySpan<byte> taken = end < 0 ? input : input[..end];
        input = end < 0 ? [] : input[(end + 1)..];
        return taken;
    }
}
