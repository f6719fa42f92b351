using System.Management.Automation;
using MessageWebSockets.PowerShell.Errors;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>A file that a user names to be written, by the rules of Out-File.</summary>
internal static class OutputFile
{
    private const string FileSystem = "FileSystem";

    /// <summary>
    /// The path of the file: relative to PowerShell's location, through its drives, and with wildcards where they stand for one file
    /// that is there. Stops the cmdlet where there is no such file.
    /// </summary>
    public static string Resolve(PSCmdlet cmdlet, string path)
    {
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            // No file system takes it, and each of what follows says something else.
            cmdlet.ThrowTerminatingError(
                WsErrors.FileError(new IOException("No path has a NUL character."), path, ErrorCategory.InvalidArgument));
        }

        ProviderInfo provider;
        string resolved;
        if (WildcardPattern.ContainsWildcardCharacters(path))
        {
            string[] found = [.. cmdlet.SessionState.Path.GetResolvedProviderPathFromPSPath(path, out provider)];
            if (found.Length != 1)
            {
                cmdlet.ThrowTerminatingError(WsErrors.FileError(
                    new IOException(
                        $"{path} stands for {(found.Length == 0 ? "no file that is there" : $"{found.Length} files")}, and one is written; "
                        + "a backtick before a wildcard character takes it as it is."),
                    path,
                    ErrorCategory.OpenError));
            }

            resolved = found[0];
        }
        else
        {
            resolved = cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath(WildcardPattern.Unescape(path), out provider, out _);
        }

        if (provider.Name != FileSystem)
        {
            cmdlet.ThrowTerminatingError(WsErrors.FileError(
                new IOException($"{path} is no file, but belongs to the provider {provider.Name}."), path, ErrorCategory.OpenError));
        }

        if (Directory.Exists(resolved))
        {
            cmdlet.ThrowTerminatingError(
                WsErrors.FileError(new IOException($"{resolved} is a folder."), resolved, ErrorCategory.OpenError));
        }

        return resolved;
    }

    /// <summary>
    /// Opens the file, with -Force one that is read-only as well, which it then stays. Stops the cmdlet where it cannot be opened.
    /// </summary>
    public static FileStream Open(PSCmdlet cmdlet, string path, FileMode mode, bool force)
    {
        // What is written is known to be in the file, or not.
        const int BufferSize = 0;
        FileAttributes? before = null;
        try
        {
            if (force && File.Exists(path) && File.GetAttributes(path) is var attributes && attributes.HasFlag(FileAttributes.ReadOnly))
            {
                before = attributes;
                File.SetAttributes(path, attributes & ~FileAttributes.ReadOnly);
            }

            return new FileStream(path, mode, FileAccess.Write, FileShare.Read, BufferSize);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // An ArgumentException is about a character that no path has.
            ErrorRecord record = mode == FileMode.CreateNew && File.Exists(path)
                ? WsErrors.FileError(
                    new IOException($"{path} is there already, and -NoClobber was given.", e), path, ErrorCategory.ResourceExists)
                : WsErrors.FileError(e, path, ErrorCategory.OpenError);
            cmdlet.ThrowTerminatingError(record);
            throw;
        }
        finally
        {
            if (before is { } attributes)
            {
                // Other programs that have it open may go on writing.
                File.SetAttributes(path, attributes);
            }
        }
    }
}
