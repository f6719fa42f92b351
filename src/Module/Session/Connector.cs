using System.Globalization;
using System.Management.Automation;

namespace MessageWebSockets.PowerShell;

/// <summary>Connects a socket for a cmdlet that waits, and tells its streams about it.</summary>
internal static class Connector
{
    /// <exception cref="MessageWebSocketException">The connect failed.</exception>
    public static void Connect(WsCmdlet cmdlet, MessageWebSocket socket, Uri uri)
    {
        SocketExtras extras = SocketExtras.Of(socket);
        cmdlet.Tell($"Connecting to {Redaction.Of(uri)}{Offer(socket)}.");
        if (extras.CertificateScript is { } script)
        {
            script.Connecting = cmdlet;
        }

        try
        {
            cmdlet.Wait(socket.ConnectAsync(uri, cmdlet.StopToken));
        }
        finally
        {
            if (extras.CertificateScript is not null)
            {
                extras.CertificateScript.Connecting = null;
            }
        }

        Describe(cmdlet, socket);
    }

    /// <summary>
    /// Reconnects a socket that -AutoReconnect is on for and that was lost: gives the one that takes its place, or null where there
    /// is nothing to reconnect or every attempt failed, which is then reported.
    /// </summary>
    public static MessageWebSocket? Renew(WsCmdlet cmdlet, MessageWebSocket lost)
    {
        if (SocketExtras.Of(lost).Reconnection is not { } reconnection || !Reconnection.IsDue(lost))
        {
            return null;
        }

        cmdlet.Wait(reconnection.Gate.WaitAsync(cmdlet.StopToken));
        try
        {
            // Another cmdlet may have been here first.
            return reconnection.Latest != lost ? reconnection.Latest : Reconnect(cmdlet, lost, reconnection);
        }
        finally
        {
            reconnection.Gate.Release();
        }
    }

    private static MessageWebSocket? Reconnect(WsCmdlet cmdlet, MessageWebSocket lost, Reconnection reconnection)
    {
        string address = Redaction.Of(lost.Uri!);
        cmdlet.WriteWarning($"Lost the connection to {address}: {SocketText.State(lost)}. Reconnecting.");
        MessageWebSocket successor = lost.Clone();
        SocketExtras.Of(lost).CopyTo(successor);
        if (lost.Information.MessagesReceived > 0)
        {
            // It was of use: only connections that end before that are attempts of one series.
            reconnection.Attempts = 0;
        }

        while (true)
        {
            int attempt = ++reconnection.Attempts;
            TimeSpan delay = reconnection.Delay(attempt);
            if (attempt > reconnection.MaximumRetryCount)
            {
                reconnection.GaveUp = true;
                return null;
            }

            cmdlet.Tell($"Attempt {attempt} of {reconnection.MaximumRetryCount} to reconnect to {address} in {delay.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s.");
            cmdlet.Wait(Task.Delay(delay, cmdlet.StopToken));
            try
            {
                Connect(cmdlet, successor, lost.Uri!);
                reconnection.Latest = successor;
                WsSession.ForCurrentRunspace().Replace(lost, successor);
                return successor;
            }
            catch (MessageWebSocketException e) when (attempt < reconnection.MaximumRetryCount && Reconnection.IsWorthwhile(e))
            {
                cmdlet.Tell($"Attempt {attempt} failed: {WsErrors.Connect(e, lost).ErrorDetails.Message}");
            }
            catch (MessageWebSocketException e)
            {
                reconnection.GaveUp = true;
                cmdlet.WriteError(Failure(successor, lost.Uri!, e));
                return null;
            }
        }
    }

    /// <summary>The record of a connect that failed.</summary>
    public static ErrorRecord Failure(MessageWebSocket socket, Uri uri, MessageWebSocketException e)
    {
        ErrorRecord record = WsErrors.Connect(e, Redaction.Target(uri));
        if (SocketExtras.Of(socket).CertificateScript?.Failure is { } thrown)
        {
            string why = $"The script of -CertificateValidation threw: {thrown.Message}";
            record.ErrorDetails = new ErrorDetails(record.ErrorDetails.Message) { RecommendedAction = why };
        }

        return record;
    }

    private static string Offer(MessageWebSocket socket)
    {
        string protocols = socket.Control.SupportedProtocols.Count > 0 ? $", offering {string.Join(", ", socket.Control.SupportedProtocols)}" : "";
        return protocols + (socket.Control.Compression is null ? "" : ", offering compression");
    }

    private static void Describe(WsCmdlet cmdlet, MessageWebSocket socket)
    {
        MessageWebSocketInformation information = socket.Information;
        cmdlet.Tell($"Connected to {information.RemoteAddress?.ToString() ?? "the Unix socket"}{(information.RemotePort > 0 ? $":{information.RemotePort}" : "")}: {SocketText.Timings(socket)}.");
        cmdlet.Tell($"Protocol: {(string.IsNullOrEmpty(information.Protocol) ? "none" : TerminalText.Escape(information.Protocol))}. Compression: {SocketText.Compression(socket)}.");
        if (information.ServerCertificate is not null)
        {
            cmdlet.Tell($"Certificate: {SocketText.Tls(socket)}.");
        }

        foreach ((string name, IReadOnlyList<string> values) in information.HandshakeHeaders)
        {
            foreach (string value in values)
            {
                cmdlet.WriteDebug($"Response header {name}: {TerminalText.Escape(Redaction.Header(name, value))}");
            }
        }
    }
}
