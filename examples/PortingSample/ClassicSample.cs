namespace MessageWebSockets.Examples;

/// <summary>
/// What most code for the Windows class looks like: events registered, connect, a DataWriter on OutputStream, a DataReader in
/// MessageReceived. Only the using lines at its top differ from what it was there.
/// </summary>
public static class ClassicSample
{
    /// <summary>Sends a message to an echo server and waits for its answer and for the end.</summary>
    /// <param name="server">The address of an echo server.</param>
    /// <param name="log">Where each step is written.</param>
    /// <returns>Whether the answer came.</returns>
    public static async Task<bool> RunAsync(Uri server, TextWriter log)
    {
        // The sample answers on the thread of the events and writes from this one.
        TextWriter output = TextWriter.Synchronized(log);
        TaskCompletionSource<bool> finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

        using MessageWebSocket messageWebSocket = new();
        messageWebSocket.Control.MessageType = SocketMessageType.Utf8;
        messageWebSocket.MessageReceived += MessageReceived;
        messageWebSocket.Closed += Closed;

        try
        {
            await messageWebSocket.ConnectAsync(server);
            output.WriteLine($"Connected to {server}");
            await SendAsync(messageWebSocket, "Hello, World!");
            return await finished.Task;
        }
        catch (Exception ex)
        {
            WebErrorStatus webErrorStatus = WebSocketError.GetStatus(ex.GetBaseException().HResult);
            output.WriteLine($"Failed: {webErrorStatus}: {ex.Message}");
            return false;
        }

        async Task SendAsync(MessageWebSocket socket, string message)
        {
            using DataWriter dataWriter = new(socket.OutputStream);
            dataWriter.WriteString(message);
            uint sent = await dataWriter.StoreAsync();
            dataWriter.DetachStream();
            output.WriteLine($"Sent: {message} ({sent} bytes)");
        }

        void MessageReceived(MessageWebSocket sender, MessageWebSocketMessageReceivedEventArgs args)
        {
            try
            {
                using DataReader dataReader = args.GetDataReader();
                dataReader.UnicodeEncoding = UnicodeEncoding.Utf8;
                string message = dataReader.ReadString(dataReader.UnconsumedBufferLength);
                output.WriteLine($"Received: {message}");
                finished.TrySetResult(true);
                sender.Close(1000, "done");
            }
            catch (Exception ex)
            {
                WebErrorStatus webErrorStatus = WebSocketError.GetStatus(ex.GetBaseException().HResult);
                output.WriteLine($"Failed: {webErrorStatus}: {ex.Message}");
                finished.TrySetResult(false);
            }
        }

        void Closed(MessageWebSocket sender, WebSocketClosedEventArgs args)
        {
            output.WriteLine($"Closed: {args.Code} {args.Reason}");

            // Without effect once the answer came; else the server closed first.
            finished.TrySetResult(false);
        }
    }
}
