using System.Management.Automation.Host;
using System.Management.Automation.Runspaces;

namespace MessageWebSockets.PowerShell.Terminal;

/// <summary>
/// Takes Ctrl+C as a key for as long as it lives: once PowerShell has stopped a pipeline, nothing more can be written to it, and a
/// cmdlet that has something to say at the end has to hear of it before.
/// </summary>
internal sealed class InterruptKey : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _pressed = new();
    private readonly CancellationTokenSource _over = new();
    private readonly Task _watching;

    private InterruptKey()
    {
        Console.TreatControlCAsInput = true;
        _watching = Task.Run(WatchAsync);
    }

    /// <summary>Cancelled when the key is pressed.</summary>
    public CancellationToken Pressed => _pressed.Token;

    /// <summary>Begins to watch; null where there is no keyboard, or where it belongs to another runspace.</summary>
    public static InterruptKey? Watch(PSHost host)
    {
        // The first runspace is that of the prompt. Those of -Parallel and of jobs share its console, and Ctrl+C there is for the prompt.
        if (host.Name != "ConsoleHost" || Runspace.DefaultRunspace?.Id != 1)
        {
            return null;
        }

        try
        {
            return Console.IsInputRedirected || Console.IsOutputRedirected || Console.TreatControlCAsInput ? null : new InterruptKey();
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or PlatformNotSupportedException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        _over.Cancel();
        _watching.Wait();
        Console.TreatControlCAsInput = false;
        _over.Dispose();
        _pressed.Dispose();
    }

    private async Task WatchAsync()
    {
        using PeriodicTimer timer = new(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(_over.Token).ConfigureAwait(false))
            {
                // One key after the other: what is typed ahead before it must not hide it.
                while (Console.KeyAvailable)
                {
                    if (Console.ReadKey(intercept: true) is { Key: ConsoleKey.C, Modifiers: ConsoleModifiers.Control })
                    {
                        await _pressed.CancelAsync().ConfigureAwait(false);
                        return;
                    }
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or InvalidOperationException)
        {
            // Over, or the terminal is gone.
        }
    }
}
