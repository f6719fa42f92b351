using System.Diagnostics;
using System.Globalization;
using System.Management.Automation;
using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Probing;

/// <summary>
/// One probe over one connection: connects, sends and waits for what the plan says, pings, closes. Whatever the server does ends in an
/// outcome; the socket is released in every case.
/// </summary>
internal sealed class EndpointProbe(MessageWebSocket socket, Uri uri, ProbePlan plan)
{
    private const int LongestReply = 4096;

    private readonly ProbeOutcome _outcome = new();
    private long _messages;
    private long _unmatchable;

    /// <param name="stop">Ends the probe without an outcome.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public async Task<ProbeOutcome> RunAsync(CancellationToken stop)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(plan.Timeout);
        bool isConnected = false;
        try
        {
            await socket.ConnectAsync(uri, limit.Token).ConfigureAwait(false);
            isConnected = true;
            if (await TalkAsync(limit.Token).ConfigureAwait(false))
            {
                _outcome.RoundTrip = await socket.PingAsync(limit.Token).ConfigureAwait(false);
                _outcome.CloseCode = socket.Information.CloseCode;
            }

            await CloseAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException)
        {
            Fail(
                plan.Expected is not null && isConnected && _outcome.ReplyTime is null ? "ReplyTimeout" : nameof(WebErrorStatus.Timeout),
                Overdue(isConnected));
        }
        catch (Exception) when (isConnected && socket.Information.CloseCode is not null)
        {
            TellClosed();
        }
        catch (MessageWebSocketException e)
        {
            ErrorRecord record = WsErrors.Connect(e, null);
            Fail(record.FullyQualifiedErrorId, record.ErrorDetails.Message);
            _outcome.HttpStatusCode = (int?)e.HttpStatusCode;
            _outcome.ResponseBody = e.ResponseBody is null ? null : TerminalText.EscapeLines(e.ResponseBody);
            _outcome.ReadableBody = e.ReadableBody;
        }
        catch (ArgumentException e)
        {
            // Subprotocol names are checked by the connect; a text with half a surrogate pair is no message.
            Fail(isConnected ? "InvalidMessage" : "InvalidSetting", LibraryText.WithoutParameterName(e));
        }
        catch (Exception e)
        {
            // Whatever else one endpoint brings about must not take the run of thousands with it.
            Fail("WebSocketFailure", TerminalText.Escape(e.Message));
        }
        finally
        {
            socket.Dispose();
        }

        Describe();
        return _outcome;
    }

    /// <summary>Sends and waits for what the plan says; false when the server closed before the message came.</summary>
    private async Task<bool> TalkAsync(CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        if (plan.Greeting is { } greeting)
        {
            await greeting.SendAsync(socket, cancellationToken).ConfigureAwait(false);
        }

        if (plan.Expected is null)
        {
            return true;
        }

        while (await socket.ReceiveAsync(cancellationToken).ConfigureAwait(false) is { } message)
        {
            // A flooding server leaves no receive that would wait and see the end of the time.
            cancellationToken.ThrowIfCancellationRequested();
            _messages++;
            string text = message.Text;
            if (IsMatch(plan.Expected, text))
            {
                _outcome.ReplyTime = Stopwatch.GetElapsedTime(started);
                _outcome.Reply = TerminalText.EscapeLines(text.Length > LongestReply ? text[..LongestReply] : text);
                return true;
            }
        }

        TellClosed();
        return false;
    }

    private bool IsMatch(Regex expected, string text)
    {
        try
        {
            return expected.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            _unmatchable++;
            return false;
        }
    }

    private async Task CloseAsync(CancellationToken cancellationToken)
    {
        if (socket.State != MessageWebSocketState.Open)
        {
            return;
        }

        try
        {
            WebSocketCloseResult closed = await socket.CloseAsync(1000, "", cancellationToken).ConfigureAwait(false);
            _outcome.CloseCode = closed.Code;
            _outcome.CloseReason = TerminalText.Escape(closed.Reason);
        }
        catch (Exception e) when (e is MessageWebSocketException or InvalidOperationException
            || (e is OperationCanceledException && _outcome.RoundTrip is not null))
        {
            // The endpoint showed that it works; one that is slow or rude at the end still does.
        }
    }

    private void TellClosed()
    {
        ErrorRecord record = WsErrors.ConnectionClosed(
            socket, plan.Expected is not null && _outcome.ReplyTime is null ? " The expected message had not come." : null);
        Fail(record.FullyQualifiedErrorId, record.ErrorDetails.Message);
        _outcome.CloseCode = socket.Information.CloseCode;
        _outcome.CloseReason = TerminalText.Escape(socket.Information.CloseReason);
    }

    private void Fail(string status, string error)
    {
        _outcome.Status = status;
        _outcome.Error = error;
    }

    private string Overdue(bool isConnected)
    {
        string within = $"within {plan.Timeout.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)} s";
        if (isConnected)
        {
            return plan.Expected is not null && _outcome.ReplyTime is null
                ? $"Connected, but no message matched '{TerminalText.Escape(plan.Expected.ToString())}' {within}; "
                    + $"{(_messages == 1 ? "1 other" : $"{_messages} others")} came{Unmatchable()}."
                : $"Connected, but the ping was not answered {within}.";
        }

        ConnectTimings? timings = socket.Information.ConnectTimings;
        string reached = timings switch
        {
            { Tls: not null } => "TLS is agreed, but the handshake request was not answered",
            { Tcp: not null } when uri.Scheme == Uri.UriSchemeWss => "TCP is connected, but the TLS handshake did not end",
            { Tcp: not null } => "TCP is connected, but the handshake request was not answered",
            { NameResolution: not null } => "The name is resolved, but TCP did not connect",
            _ when IPAddress.TryParse(uri.Host.Trim('[', ']'), out _) => "TCP did not connect",
            _ => "Neither the name was resolved nor TCP connected",
        };
        return $"{reached} {within}.";
    }

    private string Unmatchable() =>
        _unmatchable == 0 ? "" : $", {_unmatchable} of them too long for the pattern, which takes too much time";

    /// <summary>Copies what the socket knows into plain values, and lets go of its certificates.</summary>
    private void Describe()
    {
        MessageWebSocketInformation information = socket.Information;
        _outcome.Timings = information.ConnectTimings;
        _outcome.HttpStatusCode ??= (int?)information.HandshakeStatusCode;
        _outcome.Protocol = string.IsNullOrEmpty(information.Protocol)
            ? null
            : TerminalText.Escape(Redaction.AgreedProtocol(information));
        _outcome.Compression = information.Compression is null ? null : SocketText.Compression(socket);
        _outcome.RemoteAddress = information.RemoteAddress?.ToString();
        _outcome.TlsVersion = information.TlsProtocol switch
        {
            null => null,
            SslProtocols.Tls12 => "TLS 1.2",
            SslProtocols.Tls13 => "TLS 1.3",
            SslProtocols other => other.ToString(),
        };
        if (information.ServerCertificate is { } certificate)
        {
            _outcome.CertificateSubject = SubjectOf(certificate);
            _outcome.CertificateExpires = certificate.NotAfter;
        }

        if (plan.IsDetailed)
        {
            DescribeInDetail(information);
        }
        else
        {
            _outcome.ResponseBody = null;
        }

        // A script that was asked about them may have kept them.
        if (SocketExtras.Of(socket).CertificateJudge is null)
        {
            information.ServerCertificate?.Dispose();
            foreach (X509Certificate2 intermediate in information.ServerIntermediateCertificates)
            {
                intermediate.Dispose();
            }
        }
    }

    private static string? SubjectOf(System.Security.Cryptography.X509Certificates.X509Certificate2 certificate)
    {
        try
        {
            return TerminalText.Escape(certificate.Subject);
        }
        catch (System.Security.Cryptography.CryptographicException)
        {
            // The details name what cannot be read.
            return null;
        }
    }

    private void DescribeInDetail(MessageWebSocketInformation information)
    {
        _outcome.RemotePort = information.RemotePort > 0 ? information.RemotePort : null;
        _outcome.LocalAddress = information.LocalAddress?.ToString();
        _outcome.CertificateErrors = [.. information.ServerCertificateErrors.Select(static error => error.ToString())];
        foreach ((string name, IReadOnlyList<string> values) in information.HandshakeHeaders)
        {
            string value = Redaction.Header(name, string.Join(", ", values), information.Handshake.OfferedProtocols);
            _outcome.ResponseHeaders[name] = TerminalText.Escape(value);
        }

        if (information.ServerCertificate is { } certificate)
        {
            _outcome.Certificate = new WsEndpointCertificate(certificate, information.ServerIntermediateCertificates);
        }
    }
}
