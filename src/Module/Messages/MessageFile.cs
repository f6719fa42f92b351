using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>
/// A file that payloads are written to as they arrive: bytes as they are; between two text messages a line feed, so that one
/// message is its exact content and several are one a line. A message that cannot be written goes back into the inbox it was taken from.
/// </summary>
/// <param name="stream">
/// The file, without a buffer of its own. What it has already counts as text that ends in the middle of a line, unless a line feed ends it.
/// </param>
/// <param name="endsInText">Whether the file has text before.</param>
/// <param name="source">Where the messages are taken.</param>
internal sealed class MessageFile(FileStream stream, bool endsInText, MessageSource source) : IDisposable
{
    private readonly byte[] _buffer = new byte[64 * 1024];

    // What was taken and is not in the file yet.
    private readonly List<WsMessage> _pending = [];
    private int _used;
    private bool _endsInText = endsInText;

    // How far the file has whole messages.
    private long _settled = stream.CanSeek ? stream.Position : 0;

    // Whether something of what is pending was handed to the system.
    private bool _isBegun;

    /// <summary>Opens a file for messages. Stops the cmdlet where it cannot be opened.</summary>
    /// <param name="cmdlet">The cmdlet.</param>
    /// <param name="source">Where the messages are taken.</param>
    /// <param name="path">The file, as the user named it.</param>
    /// <param name="mode">Whether it is to be there or not.</param>
    /// <param name="force">Whether it may be read-only.</param>
    public static MessageFile Open(PSCmdlet cmdlet, MessageSource source, string path, FileMode mode, bool force)
    {
        string resolved = OutputFile.Resolve(cmdlet, path);
        bool endsInText = mode == FileMode.Append && EndsInALine(resolved);
        return new MessageFile(OutputFile.Open(cmdlet, resolved, mode, force), endsInText, source);
    }

    /// <summary>Takes a message over, which is in the file after <see cref="Flush"/> at the latest.</summary>
    /// <exception cref="IOException">The file takes no more. What is not in it is in the inbox again.</exception>
    public void Write(WsMessage message)
    {
        _pending.Add(message);
        try
        {
            bool isText = message.MessageType == SocketMessageType.Utf8;
            if (isText && _endsInText)
            {
                Put("\n"u8);
            }

            foreach (ReadOnlyMemory<byte> segment in message.AsSequence())
            {
                Put(segment.Span);
            }

            _endsInText = isText && message.IsMessageComplete;
            if (_isBegun || source.LooksThrough)
            {
                Settle();
            }
        }
        catch (IOException e)
        {
            throw GiveBack(e);
        }
    }

    /// <summary>Hands what was taken over to the system, so that others can read it.</summary>
    /// <exception cref="IOException">The file takes no more. What is not in it is in the inbox again.</exception>
    public void Flush()
    {
        try
        {
            Settle();
        }
        catch (IOException e)
        {
            throw GiveBack(e);
        }
    }

    /// <exception cref="IOException">The file takes no more. What is not in it is in the inbox again.</exception>
    public void Close()
    {
        Flush();
        stream.Close();
    }

    public void Dispose()
    {
        try
        {
            Close();
        }
        catch (IOException)
        {
            // The user stopped the cmdlet: what did not get into the file is in the inbox.
        }

        stream.Dispose();
    }

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
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // It is not there, or opening it says what is wrong.
            return false;
        }
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _buffer.Length - _used)
        {
            _isBegun = true;
            stream.Write(_buffer.AsSpan(0, _used));
            _used = 0;
        }

        if (bytes.Length > _buffer.Length)
        {
            stream.Write(bytes);
            return;
        }

        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    private void Settle()
    {
        if (_pending.Count == 0)
        {
            return;
        }

        stream.Write(_buffer.AsSpan(0, _used));
        _used = 0;
        _isBegun = false;
        _pending.ForEach(static message => message.Release());
        _pending.Clear();
        _settled = stream.CanSeek ? stream.Position : 0;
    }

    /// <summary>Puts back what is not in the file, and takes from the file what is there of it.</summary>
    /// <param name="failure">Why it is not.</param>
    /// <returns>The same with what became of the messages.</returns>
    private IOException GiveBack(IOException failure)
    {
        _used = 0;
        _isBegun = false;
        source.Return(_pending);
        string messages = _pending.Count == 1 ? "1 message is" : $"{_pending.Count} messages are";
        _pending.Clear();
        try
        {
            if (stream.CanSeek)
            {
                stream.SetLength(_settled);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is no file of a disk, and keeps what it has.
        }

        return new IOException($"{failure.Message.TrimEnd('.')}. {messages} not in the file, but in the inbox again.", failure);
    }
}
