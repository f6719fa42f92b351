using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Provider;
using System.Text;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>What a user names to be read, by the rules of Get-Content: a file, or an item of another provider that has content.</summary>
internal sealed class InputFile
{
    private const string FileSystem = "FileSystem";

    private readonly PSCmdlet _cmdlet;
    private readonly bool _isFile;

    private InputFile(PSCmdlet cmdlet, string path, bool isFile)
    {
        _cmdlet = cmdlet;
        _isFile = isFile;
        Path = path;
    }

    /// <summary>The path: of a file that of the system, of another item that of PowerShell.</summary>
    public string Path { get; }

    /// <summary>What stands for it in errors, and is emitted.</summary>
    public object Item => _isFile ? new FileInfo(Path) : Path;

    /// <summary>Those that a path with wildcards stands for; what is wrong with it is reported.</summary>
    public static IReadOnlyList<InputFile> Of(PSCmdlet cmdlet, string path) => Resolve(cmdlet, () =>
    {
        PathIntrinsics paths = cmdlet.SessionState.Path;
        IEnumerable<string> found = paths.GetResolvedProviderPathFromPSPath(path, out ProviderInfo provider);
        bool isFile = provider.Name == FileSystem;
        return isFile
            ? found.Select(file => new InputFile(cmdlet, file, isFile))
            : paths.GetResolvedPSPathFromPSPath(path).Select(item => new InputFile(cmdlet, item.Path, isFile));
    });

    /// <summary>The one that a path stands for as it is written; what is wrong with it is reported.</summary>
    public static IReadOnlyList<InputFile> OfLiteral(PSCmdlet cmdlet, string path) => Resolve(cmdlet, () =>
    {
        string file = cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out ProviderInfo provider, out _);
        bool isFile = provider.Name == FileSystem;
        return [new InputFile(cmdlet, isFile ? file : path, isFile)];
    });

    /// <summary>Whether an exception is about what is read, and not about the connection it is sent over.</summary>
    public static bool IsFault(Exception e) =>
        e is (IOException and not MessageWebSocketException) or UnauthorizedAccessException or NotSupportedException;

    /// <summary>Its content, from the beginning.</summary>
    /// <param name="isText">Whether it is text rather than bytes, as far as that is known: lines as they were read.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read it.</exception>
    /// <exception cref="NotSupportedException">Its provider has no content.</exception>
    public Stream Open(out bool isText)
    {
        isText = false;
        if (!_isFile)
        {
            return ReadContent(out isText);
        }

        if (Directory.Exists(Path))
        {
            throw new IOException($"{Path} is a folder.");
        }

        try
        {
            return new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (ArgumentException e)
        {
            // A character that no path has.
            throw new IOException(e.Message, e);
        }
    }

    private static InputFile[] Resolve(PSCmdlet cmdlet, Func<IEnumerable<InputFile>> find)
    {
        try
        {
            return [.. find()];
        }
        catch (RuntimeException e) when (e is not PipelineStoppedException)
        {
            // No such item, drive or provider: one bad path does not end the others.
            cmdlet.WriteError(e.ErrorRecord);
            return [];
        }
    }

    private MemoryStream ReadContent(out bool isText)
    {
        List<object?> items = [];
        try
        {
            foreach (IContentReader reader in _cmdlet.InvokeProvider.Content.GetReader([Path], force: false, literalPath: true))
            {
                using (reader)
                {
                    while (reader.Read(1) is { Count: > 0 } block)
                    {
                        items.AddRange(block.Cast<object?>());
                    }
                }
            }
        }
        catch (RuntimeException e) when (e is not PipelineStoppedException)
        {
            throw new IOException(e.Message, e);
        }

        byte[]? bytes = items.Count > 0 && items.TrueForAll(static item => Unwrap(item) is byte) ? OutgoingMessage.AsBytes(items) : null;
        isText = bytes is null;
        return new MemoryStream(
            bytes ?? Encoding.UTF8.GetBytes(string.Join('\n', items.Select(LanguagePrimitives.ConvertTo<string>))), writable: false);
    }

    private static object? Unwrap(object? item) => item is PSObject wrapped ? wrapped.BaseObject : item;
}
