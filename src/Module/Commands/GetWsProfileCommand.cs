using System.Management.Automation;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Connecting;
using MessageWebSockets.PowerShell.Profiles;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell;

/// <summary>Lists the profiles that come with the module, or reads one from a file.</summary>
[Cmdlet(VerbsCommon.Get, "WsProfile", DefaultParameterSetName = NameSet)]
[OutputType(typeof(WsProfile))]
public sealed class GetWsProfileCommand : PSCmdlet
{
    private const string NameSet = "Name";
    private const string PathSet = "Path";

    /// <summary>The names to list, with wildcards.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = NameSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ProfileNameCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <summary>The .psd1 file of a profile.</summary>
    [Parameter(Mandatory = true, ParameterSetName = PathSet)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Path is not null)
        {
            Write(GetUnresolvedProviderPathFromPSPath(Path));
            return;
        }

        foreach (string name in Name)
        {
            NamePattern pattern = new(name);
            string[] found = [.. ProfileFiles.Names.Where(pattern.IsMatch)];
            if (found.Length == 0 && !pattern.HasWildcards)
            {
                WriteError(WsErrors.ProfileNotFound(name, ProfileFiles.Names));
            }

            foreach (string known in found)
            {
                Write(ProfileFiles.Find(known)!);
            }
        }
    }

    private void Write(string file)
    {
        if (!File.Exists(file))
        {
            WriteError(WsErrors.ProfileNotFound(file, ProfileFiles.Names));
            return;
        }

        try
        {
            WriteObject(ProfileFiles.Read(file));
        }
        catch (FormatException e)
        {
            WriteError(WsErrors.InvalidProfile(e, file));
        }
    }
}
