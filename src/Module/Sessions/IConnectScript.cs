using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Sessions;

/// <summary>Runs the script of -OnConnected after each connect of a socket and of those that take its place.</summary>
internal interface IConnectScript
{
    /// <summary>The script; another one can take its place when a failed connect is tried again.</summary>
    public ScriptBlock Script { set; }

    /// <summary>The pipeline that connects, on whose thread the script runs.</summary>
    public IPipeline? Connecting { get; set; }

    /// <summary>What the script threw at the last connect; null if it did not.</summary>
    public Exception? Failure { get; }

    /// <summary>Runs the script; the task ends with it.</summary>
    public Task RunAsync(MessageWebSocket socket, CancellationToken cancellationToken);
}
