using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>
/// A file that payloads are written to as they arrive: bytes as they are; between two text messages a line feed, so that one
/// message is its exact content and several are one a line.
/// </summary>
/// <param name="stream">The file. What it has already counts as text that ends in the middle of a line, unless a line feed ends it.</param>
/// <param name="endsInText">Whether the file has text before.</param>
internal sealed class MessageFile(FileStream stream, bool endsInText) : IDisposable
{
    private bool _endsInText = endsInText;

    /// <summary>Opens a file for messages. Stops the cmdlet where it cannot be opened.</summary>
    /// <param name="cmdlet">The cmdlet.</param>
    /// <param name="path">The file, as the user named it.</param>
    /// <param name="mode">Whether it is to be there or not.</param>
    /// <param name="force">Whether it may be read-only.</param>
    public static MessageFile Open(PSCmdlet cmdlet, string path, FileMode mode, bool force)
    {
        string resolved = OutputFile.Resolve(cmdlet, path);
        bool endsInText = mode == FileMode.Append && EndsInALine(resolved);
        return new MessageFile(OutputFile.Open(cmdlet, resolved, mode, force), endsInText);
    }

    public void Write(WsMessage message)
    {
        bool isText = message.MessageType == SocketMessageType.Utf8;
        if (isText && _endsInText)
        {
            stream.WriteByte((byte)'\n');
        }

        foreach (ReadOnlyMemory<byte> segment in message.AsSequence())
        {
            stream.Write(segment.Span);
        }

        _endsInText = isText && message.IsMessageComplete;
    }

    /// <summary>Hands what was written to the system, so that others can read it.</summary>
    public void Flush() => stream.Flush();

    public void Close() => stream.Close();

    public void Dispose() => stream.Dispose();

    private static bool EndsInALine(string path)
    {
        try
        {
            using FileStream before = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            if (before.Length == 0)
            {
                return false;
            }

            before.Seek(-1, SeekOrigin.End);
            return before.ReadByte() != '\n';
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is not there, or opening it says what is wrong.
            return false;
        }
    }
}
