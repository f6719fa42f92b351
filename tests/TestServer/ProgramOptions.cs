using System.Globalization;

namespace MessageWebSockets.TestServer;

/// <summary>
/// The command line: --raw, --tls, --proxy, --network each start one part; none of them starts all. --unix PATH adds a socket, --hub a
/// hub of SignalR at /hub; --port N is for the ws endpoint, to try things by hand at an address that stays.
/// </summary>
internal sealed record ProgramOptions(bool Raw, bool Tls, bool Proxy, bool Network, string? UnixSocketPath, int Port, bool Hub)
{
    public const string Usage =
        "usage: MessageWebSockets.TestServer [--raw] [--tls] [--proxy] [--network] [--unix PATH] [--port N] [--hub]";

    /// <summary>Null if the arguments make no sense.</summary>
    public static ProgramOptions? Parse(string[] arguments)
    {
        ProgramOptions options = new(false, false, false, false, null, 0, false);
        for (int i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--raw":
                    options = options with { Raw = true };
                    break;
                case "--tls":
                    options = options with { Tls = true };
                    break;
                case "--proxy":
                    options = options with { Proxy = true };
                    break;
                case "--hub":
                    options = options with { Hub = true };
                    break;
                case "--network":
                    options = options with { Network = true };
                    break;
                case "--unix" when i + 1 < arguments.Length:
                    options = options with { UnixSocketPath = arguments[++i] };
                    break;
                case "--port"
                    when i + 1 < arguments.Length && ushort.TryParse(arguments[i + 1], CultureInfo.InvariantCulture, out ushort port):
                    options = options with { Port = port };
                    i++;
                    break;
                default:
                    return null;
            }
        }

        return options is { Raw: false, Tls: false, Proxy: false, Network: false }
            ? options with { Raw = true, Tls = true, Proxy = true, Network = true }
            : options;
    }
}
