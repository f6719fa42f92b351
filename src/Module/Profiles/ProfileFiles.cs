using System.Collections;
using System.Management.Automation.Language;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Profiles;

/// <summary>The profiles that are files of data: those that come with the module, and a user's own.</summary>
internal static class ProfileFiles
{
    public const string Extension = ".psd1";

    // Beside the folder of the assemblies.
    private static readonly string s_folder =
        Path.Combine(ModuleFolder.Root, "profiles");

    /// <summary>The names of those that come with the module.</summary>
    public static IReadOnlyList<string> Names => Directory.Exists(s_folder)
        ? [.. Directory.EnumerateFiles(s_folder, "*" + Extension)
            .Select(static file => Path.GetFileNameWithoutExtension(file))
            .Order(StringComparer.OrdinalIgnoreCase)]
        : [];

    /// <summary>The file of one that comes with the module, whatever the case of the name; null where there is none.</summary>
    public static string? Find(string name) =>
        Names.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } found
            ? Path.Combine(s_folder, found + Extension)
            : null;

    /// <summary>Reads a file as Import-PowerShellDataFile does: it is data, and nothing of it is run.</summary>
    /// <exception cref="FormatException">It is no file of data, or no profile; the message says why.</exception>
    public static WsProfile Read(string file)
    {
        ScriptBlockAst script = Parser.ParseFile(file, out _, out ParseError[] errors);
        if (errors is [var error, ..])
        {
            throw new FormatException($"{file} cannot be used: line {error.Extent.StartLineNumber}: {error.Message}");
        }

        HashtableAst table = script.Find(static ast => ast is HashtableAst, searchNestedScriptBlocks: false) as HashtableAst
            ?? throw new FormatException($"{file} cannot be used: it has no hashtable, @{{ … }}.");
        object? value;
        try
        {
            value = table.SafeGetValue();
        }
        catch (InvalidOperationException e)
        {
            throw new FormatException(
                $"{file} cannot be used: it is data, with nothing in it that would have to be run. "
                + "A script for OnConnected goes into a hashtable, or to -OnConnected.",
                e);
        }

        return ProfileReader.Read((IDictionary)value, Path.GetFileNameWithoutExtension(file), file);
    }
}
