namespace MessageWebSockets.PowerShell.Sessions;

/// <summary>Where the files of the module are.</summary>
internal static class ModuleFolder
{
    private const string BinName = "bin";

    /// <summary>The folder of the assemblies. Those made ahead of time for one system are in a folder below it.</summary>
    public static string Bin { get; } = Find();

    /// <summary>The folder of the manifest.</summary>
    public static string Root { get; } = Path.GetDirectoryName(Bin) ?? Bin;

    private static string Find()
    {
        if (Path.GetDirectoryName(typeof(ModuleFolder).Assembly.Location) is not { Length: > 0 } own)
        {
            return AppContext.BaseDirectory;
        }

        return Path.GetFileName(own) != BinName && Path.GetDirectoryName(own) is { } above && Path.GetFileName(above) == BinName
            ? above
            : own;
    }
}
