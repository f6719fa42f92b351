using System.Management.Automation;

namespace MessageWebSockets.PowerShell;

/// <summary>Writes objects as one line of JSON each, as ConvertTo-Json writes them: by calling it. For the pipeline thread.</summary>
internal sealed class JsonWriter
{
    /// <summary>How deep it goes unless the user says otherwise; ConvertTo-Json's 2 would cut off most requests.</summary>
    public const int DefaultDepth = 10;

    private readonly ScriptBlock _script = ScriptBlock.Create(
        "param($value, $depth) Microsoft.PowerShell.Utility\\ConvertTo-Json -InputObject $value -Depth $depth -Compress");

    public string Write(object? value, int depth) => LanguagePrimitives.ConvertTo<string>(_script.InvokeReturnAsIs(value, depth));
}
