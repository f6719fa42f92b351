namespace MessageWebSockets.Bench;

/// <summary>Where things are in the repository and in its folder of build output.</summary>
internal static class Layout
{
    /// <summary>The folder with WebSocket.slnx.</summary>
    public static string Root { get; } = FindRoot();

    public static string Artifacts { get; } = Path.Combine(Root, "artifacts");

    public static string Results { get; } = Path.Combine(Artifacts, "bench");

    /// <summary>Built with the same configuration as this program.</summary>
    public static string TestServer { get; } =
        Path.Combine(Artifacts, "bin", "TestServer", Configuration, "MessageWebSockets.TestServer.dll");

    /// <summary>release or debug.</summary>
    public static string Configuration => Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));

    /// <summary>A file of the bench folder.</summary>
    public static string Source(params ReadOnlySpan<string> path) => Path.Combine([Root, "bench", .. path]);

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "WebSocket.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No WebSocket.slnx above {AppContext.BaseDirectory}; run this inside the repository.");
    }
}
