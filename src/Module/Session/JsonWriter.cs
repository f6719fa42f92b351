using System.Management.Automation;

namespace MessageWebSockets.PowerShell;

/// <summary>Writes objects as one line of JSON each, as ConvertTo-Json writes them: by calling it. For the pipeline thread.</summary>
/// <param name="cmdlet">Passes its warnings on, so that they obey the cmdlet's -WarningAction.</param>
internal sealed class JsonWriter(Cmdlet cmdlet)
{
    /// <summary>How deep it goes unless the user says otherwise; ConvertTo-Json's 2 would cut off most requests.</summary>
    public const int DefaultDepth = 10;

    private readonly ScriptBlock _script = ScriptBlock.Create(
        "param($value, $depth) Microsoft.PowerShell.Utility\\ConvertTo-Json -InputObject $value -Depth $depth -Compress 3>&1");

    public string Write(object? value, int depth)
    {
        string json = "";
        foreach (PSObject output in _script.Invoke(value, depth))
        {
            if (output.BaseObject is WarningRecord warning)
            {
                cmdlet.WriteWarning(warning.Message);
            }
            else
            {
                json = (string)output.BaseObject;
            }
        }

        return json;
    }
}
