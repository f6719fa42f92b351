using System.Globalization;
using System.Management.Automation;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Sessions;
using MessageWebSockets.PowerShell.Views;

namespace MessageWebSockets.PowerShell.Connecting;

/// <summary>Connects a socket for a cmdlet that waits, and tells its streams about it.</summary>
internal static class Connector
{
    /// <summary>
    /// Connects. When it returns, the connection is the caller's; when it throws there is none, and if it was stopped none that
    /// came about at the same moment either.
    /// </summary>
    /// <exception cref="MessageWebSocketException">The connect failed.</exception>
    /// <exception cref="PipelineStoppedException">The user stopped the pipeline.</exception>
    public static void Connect(IPipeline cmdlet, MessageWebSocket socket, Uri uri) => Connect(cmdlet, socket, uri, cmdlet.StopToken);

    /// <summary>
    /// Reconnects a socket that -AutoReconnect is on for and that was lost: gives the one that takes its place, or null where there
    /// is nothing to reconnect or every attempt failed, which the error of the cmdlet then tells.
    /// </summary>
    /// <param name="cmdlet">The cmdlet that needs the connection.</param>
    /// <param name="lost">The socket.</param>
    /// <param name="longest">How long this may take.</param>
    /// <param name="failure">What a send met, which notices a broken connection before the socket itself does.</param>
    /// <exception cref="TimeoutException">It took longer. The next cmdlet that needs the connection goes on with it.</exception>
    public static MessageWebSocket? Renew(
        IPipeline cmdlet, MessageWebSocket lost, TimeSpan longest, MessageWebSocketException? failure = null)
    {
        using CancellationTokenSource over = new();
        over.CancelAfter(longest);
        return Renew(cmdlet, lost, over.Token, failure);
    }

    /// <summary>As the other, until a token is cancelled, or an attempt failed while others have to be made.</summary>
    public static MessageWebSocket? Renew(
        IPipeline cmdlet, MessageWebSocket lost, CancellationToken over, MessageWebSocketException? failure = null)
    {
        if (SocketExtras.Of(lost).IsGreeted)
        {
            // The connect that greets it fails, and counts as the attempt.
            return null;
        }

        bool isBroken = failure is not null && lost.State == MessageWebSocketState.Open;
        if (SocketExtras.Of(lost).Reconnection is not { } reconnection || !(isBroken || Reconnection.IsWorthwhile(lost)))
        {
            return null;
        }

        using CancellationTokenSource enough =
            CancellationTokenSource.CreateLinkedTokenSource(cmdlet.StopToken, reconnection.Closing, over);
        try
        {
            TakeTurn(cmdlet, reconnection, enough.Token);
            try
            {
                if (reconnection.Latest != lost)
                {
                    // Another cmdlet was here first.
                    return reconnection.Latest;
                }

                return reconnection.GaveUp || reconnection.IsClosed ? null : Reconnect(cmdlet, lost, failure, reconnection, enough.Token);
            }
            finally
            {
                reconnection.Gate.Release();
            }
        }
        catch (OperationCanceledException) when (!cmdlet.StopToken.IsCancellationRequested)
        {
            return reconnection.IsClosed ? null : throw new TimeoutException();
        }
    }

    private static void TakeTurn(IPipeline cmdlet, Reconnection reconnection, CancellationToken enough)
    {
        Task turn = reconnection.Gate.WaitAsync(enough);
        try
        {
            cmdlet.Wait(turn);
        }
        catch
        {
            // It may have become this cmdlet's turn at the same moment.
            _ = turn.ContinueWith(
                _ => reconnection.Gate.Release(),
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnRanToCompletion,
                TaskScheduler.Default);
            throw;
        }
    }

    private static MessageWebSocket? Reconnect(
        IPipeline cmdlet, MessageWebSocket lost, MessageWebSocketException? failure, Reconnection reconnection, CancellationToken enough)
    {
        bool isNews = reconnection.Notice(lost);

        if (!reconnection.HasAttemptsLeft)
        {
            // Or a user stopped the cmdlet that made the last attempt, which leaves none to the next one.
            reconnection.GiveUp(null);
            return null;
        }

        if (isNews)
        {
            cmdlet.WriteWarning($"Lost the connection: {SocketText.Loss(lost, failure)} Reconnecting.");
        }

        MessageWebSocket successor = lost.Clone();
        SocketExtras.Of(lost).CopyTo(successor);
        if (!Retry(cmdlet, lost, successor, reconnection, enough))
        {
            return null;
        }

        if (reconnection.TryReplace(successor))
        {
            WsSession.ForCurrentRunspace().Replace(lost, successor);
            return successor;
        }

        successor.Close();
        return null;
    }

    private static bool Retry(
        IPipeline cmdlet, MessageWebSocket lost, MessageWebSocket successor, Reconnection reconnection, CancellationToken enough)
    {
        string address = Redaction.Of(lost.Uri!);
        MessageWebSocketException? failure = null;
        while (true)
        {
            int attempt = reconnection.Attempts + 1;
            TimeSpan delay = reconnection.UntilNext(failure);
            if (failure is not null && cmdlet.HasOthersToReconnect)
            {
                throw new OperationCanceledException();
            }

            cmdlet.Tell($"Attempt {attempt} of {reconnection.MaximumRetryCount} to reconnect to {address} in {DelayText(delay)}.");
            cmdlet.Wait(Task.Delay(delay, enough));
            reconnection.Begin();
            try
            {
                Connect(cmdlet, successor, lost.Uri!, enough);
                return true;
            }
            catch (OperationCanceledException)
            {
                reconnection.Withdraw();
                throw;
            }
            catch (MessageWebSocketException e)
                when (reconnection.HasAttemptsLeft && Reconnection.IsWorthwhile(e) && successor.State == MessageWebSocketState.Created)
            {
                failure = e;
                cmdlet.Tell($"Attempt {attempt} failed: {Failure(successor, lost.Uri!, e).ErrorDetails.Message}");
            }
            catch (MessageWebSocketException e)
            {
                reconnection.GiveUp(Failure(successor, lost.Uri!, e));
                return false;
            }
            catch (ObjectDisposedException)
            {
                reconnection.GiveUp(WsErrors.ConnectionClosed(successor, " It was still being made."));
                return false;
            }
            catch (ArgumentException e)
            {
                // Such as a certificate that was disposed of since.
                reconnection.GiveUp(WsErrors.InvalidSetting(LibraryText.WithoutParameterName(e), Redaction.Target(lost.Uri!)));
                return false;
            }
        }
    }

    private static void Connect(IPipeline cmdlet, MessageWebSocket socket, Uri uri, CancellationToken enough)
    {
        SocketExtras extras = SocketExtras.Of(socket);
        cmdlet.Tell($"Connecting to {Redaction.Of(uri)}{Offer(socket)}.");
        if (extras.CertificateJudge is { } script)
        {
            script.Connecting = cmdlet;
        }

        if (extras.Greeting is { } greeting)
        {
            greeting.Connecting = cmdlet;
        }

        Task connecting = socket.ConnectAsync(uri, enough);
        try
        {
            cmdlet.Wait(connecting);
            Describe(cmdlet, socket);
            if (cmdlet.StopToken.IsCancellationRequested)
            {
                throw new PipelineStoppedException();
            }
        }
        catch (Exception e)
        {
            CloseIfConnected(socket, connecting);
            TellBody(cmdlet, (e as MessageWebSocketException)?.ReadableBody);
            throw;
        }
        finally
        {
            EscapedCertificate.Mark(socket.Information.ServerCertificate, socket.Information.ServerIntermediateCertificates);
            if (extras.CertificateJudge is not null)
            {
                extras.CertificateJudge.Connecting = null;
            }

            if (extras.Greeting is not null)
            {
                extras.Greeting.Connecting = null;
            }
        }
    }

    /// <summary>
    /// Closes what nobody waits for any more. A connect that is cancelled may have succeeded by then, or still succeed; one that
    /// failed leaves a socket that can be connected again.
    /// </summary>
    private static void CloseIfConnected(MessageWebSocket socket, Task connecting) => _ = connecting.ContinueWith(
        static (_, connected) => ((MessageWebSocket)connected!).Close(),
        socket,
        CancellationToken.None,
        TaskContinuationOptions.OnlyOnRanToCompletion,
        TaskScheduler.Default);

    /// <summary>A delay before an attempt, written alike in every culture.</summary>
    public static string DelayText(TimeSpan delay) => delay.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s";

    /// <summary>Tells the whole body of an answer that was no connection; the error itself has the beginning of it on one line.</summary>
    public static void TellBody(IPipeline cmdlet, string? body)
    {
        if (!string.IsNullOrWhiteSpace(body))
        {
            cmdlet.Tell($"The body of the answer: {TerminalText.EscapeLines(body.Trim())}");
        }
    }

    /// <summary>The record of a connect that failed.</summary>
    public static ErrorRecord Failure(MessageWebSocket socket, Uri uri, MessageWebSocketException e)
    {
        if (SocketExtras.Of(socket).Greeting?.Failure is { } failed && e.InnerException == failed)
        {
            return WsErrors.OnConnectedFailed(e, failed, Redaction.Target(uri));
        }

        ErrorRecord record = WsErrors.Connect(e, Redaction.Target(uri));
        if (SocketExtras.Of(socket).CertificateJudge?.Failure is { } thrown)
        {
            string why = $"The script of -CertificateValidation threw: {ScriptFailure.Text(thrown)}";
            record.ErrorDetails = new ErrorDetails(record.ErrorDetails.Message) { RecommendedAction = why };
        }

        return record;
    }

    private static string Offer(MessageWebSocket socket)
    {
        IList<string> offered = socket.Control.SupportedProtocols;
        string protocols = offered.Count > 0
            ? $", offering {string.Join(", ", Redaction.Protocols(offered).Select(static name => TerminalText.Escape(name)))}"
            : "";
        return protocols + (socket.Control.Compression is null ? "" : ", offering compression");
    }

    private static void Describe(IPipeline cmdlet, MessageWebSocket socket)
    {
        MessageWebSocketInformation information = socket.Information;
        if (information.ResponseUri is { } answered && socket.Uri is { } asked && answered != asked)
        {
            cmdlet.Tell($"Redirected to {Redaction.Of(answered)}.");
        }

        string end = information.RemoteAddress?.ToString() ?? "the Unix socket";
        string port = information.RemotePort > 0 ? $":{information.RemotePort}" : "";
        cmdlet.Tell($"Connected to {end}{port}: {SocketText.Timings(socket)}.");
        string protocol = string.IsNullOrEmpty(information.Protocol)
            ? "none"
            : TerminalText.Escape(Redaction.AgreedProtocol(information));
        cmdlet.Tell($"Protocol: {protocol}. Compression: {SocketText.Compression(socket)}.");
        if (information.ServerCertificate is not null)
        {
            cmdlet.Tell($"Certificate: {SocketText.Tls(socket)}.");
        }

        IReadOnlyList<string> offered = information.Handshake.OfferedProtocols;
        foreach ((string name, IReadOnlyList<string> values) in information.HandshakeHeaders)
        {
            foreach (string value in values)
            {
                cmdlet.WriteDebug($"Response header {name}: {TerminalText.Escape(Redaction.Header(name, value, offered))}");
            }
        }
    }
}
