using System.Collections;
using System.Management.Automation;
using MessageWebSockets.PowerShell.Connecting;
using MessageWebSockets.PowerShell.Profiles;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Lets a parameter for a profile take the name of one, the path of a .psd1 file, or a hashtable.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
internal sealed class ProfileTransformAttribute : ArgumentTransformationAttribute
{
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        try
        {
            return value switch
            {
                WsProfile profile => profile,
                IDictionary table => ProfileReader.Read(table),
                FileInfo file => Read(file.FullName),
                string text => ProfileFiles.Find(text) is { } known ? ProfileFiles.Read(known) : Read(PathOf(engineIntrinsics, text)),
                _ => inputData,
            };
        }
        catch (FormatException e)
        {
            throw new ArgumentTransformationMetadataException(e.Message, e);
        }
    }

    private static WsProfile Read(string file) =>
        File.Exists(file) ? ProfileFiles.Read(file) : throw new FormatException($"There is no file {file}.");

    private static string PathOf(EngineIntrinsics engineIntrinsics, string text) =>
        text.EndsWith(ProfileFiles.Extension, StringComparison.OrdinalIgnoreCase)
            ? engineIntrinsics.SessionState.Path.GetUnresolvedProviderPathFromPSPath(text)
            : throw new FormatException(
                $"There is no profile '{TerminalText.Escape(text)}'. Those that come with the module are "
                + $"{string.Join(", ", ProfileFiles.Names)}; the path of a file ends in {ProfileFiles.Extension}.");
}
