using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Sessions;

/// <summary>Judges a server's certificate with a script of the user's.</summary>
internal interface ICertificateJudge
{
    /// <summary>The script; another one can take its place when a failed connect is tried again.</summary>
    public ScriptBlock Script { set; }

    /// <summary>
    /// The pipeline that connects. With none, as when a script calls ConnectAsync itself, nobody can be asked: that is a no.
    /// </summary>
    public IPipeline? Connecting { get; set; }

    /// <summary>What the script threw; null if it did not.</summary>
    public Exception? Failure { get; }
}
