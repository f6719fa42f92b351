using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>
/// A file that payloads are written to as they arrive: bytes as they are; between two text messages a line feed, so that one
/// message is its exact content and several are one a line. A message that cannot be written goes back into the inbox it was taken from.
/// Without a message the file is what it was before, or not there.
/// </summary>
/// <param name="stream">
/// The file, without a buffer of its own. What it has already counts as text that ends in the middle of a line, unless a line feed ends it.
/// </param>
/// <param name="endsInText">Whether the file has text before.</param>
/// <param name="source">Where the messages are taken.</param>
/// <param name="replaces">Whether what the file has gives way to the first message.</param>
/// <param name="isNew">Whether the file was not there before.</param>
internal sealed class MessageFile(
    FileStream stream, bool endsInText, MessageSource source, bool replaces = false, bool isNew = false) : IDisposable
{
    private readonly byte[] _buffer = new byte[64 * 1024];

    // What was taken and is not in the file yet.
    private readonly List<WsMessage> _pending = [];
    private int _used;
    private bool _endsInText = endsInText;
    private bool _isOld = replaces;
    private bool _hasMessages;

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
        bool isNew = !File.Exists(resolved);

        // Opened before anything is waited for, so that what is wrong with it is said at once; what it has stays until something takes
        // its place, which may be never.
        bool replaces = mode == FileMode.Create;
        FileStream stream = OutputFile.Open(cmdlet, resolved, replaces ? FileMode.OpenOrCreate : mode, force);
        return new MessageFile(stream, endsInText, source, replaces, isNew);
    }

    /// <summary>Takes a message over, which is in the file after <see cref="Flush"/> at the latest.</summary>
    /// <exception cref="IOException">The file takes no more. What is not in it is in the inbox again.</exception>
    public void Write(WsMessage message)
    {
        _pending.Add(message);
        try
        {
            MakeRoom();
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
        bool isLeftOver = isNew && !_hasMessages && stream.CanSeek && stream.Length == 0;
        stream.Close();
        if (isLeftOver)
        {
            Remove(stream.Name);
        }
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

    // An empty file where none was would have the next -NoClobber refuse it.
    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A folder may let files be made and not be taken away.
        }
    }

    private void MakeRoom()
    {
        if (_isOld && stream.CanSeek && stream.Length > 0)
        {
            stream.SetLength(0);
        }

        _isOld = false;
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
        _hasMessages = true;
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
