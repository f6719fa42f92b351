using System.Management.Automation;
using System.Net;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>For addresses to listen on: takes localhost, and says of other names what would do.</summary>
internal sealed class ListenAddressTransformAttribute : ArgumentTransformationAttribute
{
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData) =>
        (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) switch
        {
            string text when text.Equals("localhost", StringComparison.OrdinalIgnoreCase) => IPAddress.Loopback,
            string text when IPAddress.TryParse(text, out IPAddress? address) => address,
            string text => throw new ArgumentTransformationMetadataException(
                $"'{TerminalText.Escape(text)}' is no IP address. 127.0.0.1 or ::1 is this machine alone, "
                + "0.0.0.0 every IPv4 address of it, :: every address."),
            _ => inputData,
        };
}
