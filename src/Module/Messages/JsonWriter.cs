using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>Writes objects as one line of JSON each, as ConvertTo-Json -Compress writes them. For the pipeline thread.</summary>
/// <param name="cmdlet">Warns of objects that go deeper, so that its -WarningAction counts.</param>
/// <param name="json">Writes JSON.</param>
/// <param name="depth">How deep to follow objects in objects.</param>
/// <param name="stop">Cancelled when the user stops the pipeline.</param>
internal sealed class JsonWriter(PSCmdlet cmdlet, PowerShellJson json, int depth, CancellationToken stop)
{
    /// <summary>How deep it goes unless the user says otherwise; ConvertTo-Json's 2 would cut off most requests.</summary>
    public const int DefaultDepth = 10;

    private Func<object?, string?>? _write;

    /// <summary>The JSON of an object.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    /// <exception cref="PipelineStoppedException">The user stopped the pipeline.</exception>
    public string Write(object? value)
    {
        _write ??= json.Writer(depth, JsonMessages.For(cmdlet), stop);
        try
        {
            return _write(value) ?? throw new PipelineStoppedException();
        }
        catch (Exception e) when (e is not (PipelineStoppedException or ActionPreferenceStopException or FormatException))
        {
            // Such as keys that are no strings.
            throw new FormatException(e.Message, e);
        }
    }
}
