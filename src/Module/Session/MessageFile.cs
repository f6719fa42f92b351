namespace MessageWebSockets.PowerShell;

/// <summary>
/// A file that payloads are written to as they arrive: bytes as they are; between two text messages a line feed, so that one
/// message is its exact content and several are one a line.
/// </summary>
internal sealed class MessageFile(string path) : IDisposable
{
    private readonly FileStream _stream = new(path, FileMode.Create, FileAccess.Write, FileShare.Read, 64 * 1024);
    private bool _endsInText;

    public void Write(WsMessage message)
    {
        bool isText = message.MessageType == SocketMessageType.Utf8;
        if (isText && _endsInText)
        {
            _stream.WriteByte((byte)'\n');
        }

        _stream.Write(message.AsMemory().Span);
        _endsInText = isText && message.IsMessageComplete;
    }

    public void Close() => _stream.Close();

    public void Dispose() => _stream.Dispose();
}
