using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>
/// Sends what a handler script puts out. A byte array is unrolled by the pipeline; bytes in a row are one message again here.
/// </summary>
/// <remarks>Used on the thread of the script; <see cref="Finish"/> after that has ended.</remarks>
internal sealed class HandlerReply(WebSocketEchoClient client, int maxMessageSize)
{
    private List<byte>? _bytes;
    private Exception? _failure;

    /// <summary>Takes what was put out. It does not throw: the engine would take that for a fault of its own.</summary>
    public void Take(IEnumerable<PSObject?> output)
    {
        try
        {
            foreach (PSObject? item in output)
            {
                // After a failure the rest only waits for the end of the script.
                if (_failure is null && item?.BaseObject is { } value)
                {
                    Send(value);
                }
            }
        }
        catch (ArgumentException e)
        {
            _failure = e;
        }
    }

    /// <summary>Sends the bytes that are left.</summary>
    /// <exception cref="ArgumentException">The script put out something that is no message.</exception>
    public void Finish()
    {
        if (_failure is null)
        {
            SendBytes();
        }
        else
        {
            throw _failure;
        }
    }

    private void Send(object value)
    {
        if (value is byte single)
        {
            _bytes ??= [];
            if (_bytes.Count >= maxMessageSize)
            {
                throw new ArgumentException($"The handler put out more than {maxMessageSize} bytes in a row, which would be one message.");
            }

            _bytes.Add(single);
            return;
        }

        SendBytes();
        Task sent = value switch
        {
            string text => client.SendAsync(text),
            byte[] bytes => client.SendAsync(bytes),
            WsMessage { MessageType: SocketMessageType.Utf8 } message => client.SendAsync(message.Text),
            WsMessage message => client.SendAsync(message.Bytes),
            _ => throw new ArgumentException(
                $"The handler put out an object of type {value.GetType().Name}, and a message is a string or a byte array; "
                + "make it text, with ConvertTo-Json for example."),
        };
        sent.GetAwaiter().GetResult();
    }

    private void SendBytes()
    {
        if (_bytes is { } bytes)
        {
            _bytes = null;
            client.SendAsync(bytes.ToArray()).GetAwaiter().GetResult();
        }
    }
}
