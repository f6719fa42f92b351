using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using MessageWebSockets.TestServer;
using Xunit;
using static MessageWebSockets.Tests.Reliability.FaultExpectation;
using static MessageWebSockets.WebErrorStatus;

namespace MessageWebSockets.Tests.Reliability;

/// <summary>What a client sees of each fault of the catalogue.</summary>
internal static class FaultTable
{
    private const int Mebibyte = 1024 * 1024;

    public static readonly IReadOnlyDictionary<string, FaultExpectation> Expectations = new Dictionary<string, FaultExpectation>
    {
        ["refused-port"] = Connect(CannotConnect),
        ["unresolvable-name"] = Connect(HostNameNotResolved),
        ["says-nothing"] = Connect(WebErrorStatus.Timeout).With(ShortConnect),
        ["closes-at-once"] = Connect(ConnectionAborted),
        ["closes-after-request"] = Connect(ConnectionAborted),
        ["closes-mid-header"] = Connect(ConnectionAborted),
        ["one-byte-a-second"] = Connect(WebErrorStatus.Timeout).With(ShortConnect),
        ["header-of-100-kilobytes"] = Connect(ErrorHttpInvalidServerResponse),
        ["endless-header"] = Connect(ErrorHttpInvalidServerResponse),
        ["status-200"] = Connect(UnexpectedStatusCode),
        ["status-301"] = Connect(MovedPermanently),
        ["status-302"] = Connect(Found),
        ["status-401"] = Connect(Unauthorized),
        ["status-403"] = Connect(Forbidden),
        ["status-404"] = Connect(NotFound),
        ["status-407"] = Connect(ProxyAuthenticationRequired),
        ["status-426"] = Connect(UnexpectedClientError),
        ["status-429"] = Connect(UnexpectedClientError),
        ["status-500"] = Connect(InternalServerError),
        ["status-503"] = Connect(ServiceUnavailable),
        ["status-999"] = Connect(UnexpectedStatusCode),
        ["upgrade-missing"] = Connect(ErrorHttpInvalidServerResponse),
        ["upgrade-wrong"] = Connect(ErrorHttpInvalidServerResponse),
        ["connection-missing"] = Connect(ErrorHttpInvalidServerResponse),
        ["connection-wrong"] = Connect(ErrorHttpInvalidServerResponse),
        ["accept-missing"] = Connect(ErrorHttpInvalidServerResponse),
        ["accept-wrong"] = Connect(ErrorHttpInvalidServerResponse),
        ["subprotocol-not-offered"] = Connect(ErrorHttpInvalidServerResponse),
        ["two-subprotocols"] = Connect(ErrorHttpInvalidServerResponse).With(OfferTwo),
        ["extension-not-offered"] = Connect(ErrorHttpInvalidServerResponse),
        ["deflate-not-offered"] = Connect(ErrorHttpInvalidServerResponse),
        ["deflate-parameter-unknown"] = Connect(ErrorHttpInvalidServerResponse).With(Deflate),
        ["deflate-parameter-twice"] = Connect(ErrorHttpInvalidServerResponse).With(Deflate),
        ["deflate-window-bits-illegal"] = Connect(ErrorHttpInvalidServerResponse).With(Deflate),
        ["deflate-twice"] = Connect(ErrorHttpInvalidServerResponse).With(Deflate),
        ["body-instead-of-upgrade"] = Connect(UnexpectedStatusCode),
        ["garbage-bytes"] = Connect(ErrorHttpInvalidServerResponse),
        ["redirect-loop"] = Connect(RedirectFailed).With(Follow),
        ["redirect-to-http-from-https"] = Connect(Found).With(Follow),

        ["certificate-expired"] = Connect(CertificateExpired),
        ["certificate-not-yet-valid"] = Connect(CertificateExpired),
        ["certificate-wrong-name"] = Connect(CertificateCommonNameIsIncorrect),
        ["certificate-wrong-usage"] = Connect(CertificateContainsErrors),
        ["certificate-self-signed"] = Connect(CertificateIsInvalid),
        ["certificate-unknown-ca"] = Connect(CertificateIsInvalid),
        ["certificate-missing-intermediate"] = Connect(CertificateIsInvalid),
        ["certificate-revoked"] = Connect(CertificateRevoked).With(CheckRevocation),
        ["certificate-revocation-offline"] = Connect(CertificateContainsErrors).With(CheckRevocation),

        ["client-certificate-missing"] = Connect(CannotConnect),
        ["client-certificate-missing-closes"] = Connect(CannotConnect),
        ["client-certificate-missing-resets"] = Connect(CannotConnect),
        ["client-certificate-missing-tls12"] = Connect(CannotConnect),
        ["client-certificate-wrong"] = Connect(CannotConnect) with
        {
            Configure = (control, certificates) => control.ClientCertificate = certificates.Client,
        },
        ["plain-http-on-wss-port"] = Connect(CannotConnect),
        ["tls-handshake-stalls"] = Connect(WebErrorStatus.Timeout).With(ShortConnect),
        ["tls-handshake-closes"] = Connect(CannotConnect),
        ["tls-handshake-resets"] = Connect(ConnectionReset),
        ["tls-handshake-garbage"] = Connect(CannotConnect),
        ["tls-on-ws-port"] = Connect(ErrorHttpInvalidServerResponse),
        ["tls-on-ws-port-closes"] = Connect(ConnectionAborted),

        ["reserved-bits"] = Receive(ErrorHttpInvalidServerResponse),
        ["reserved-bit-1"] = Receive(ErrorHttpInvalidServerResponse),
        ["reserved-bit-2"] = Receive(ErrorHttpInvalidServerResponse),
        ["reserved-bit-3"] = Receive(ErrorHttpInvalidServerResponse),
        ["reserved-opcode-3"] = Receive(ErrorHttpInvalidServerResponse),
        ["reserved-opcode-4"] = Receive(ErrorHttpInvalidServerResponse),
        ["reserved-opcode-5"] = Receive(ErrorHttpInvalidServerResponse),
        ["reserved-opcode-6"] = Receive(ErrorHttpInvalidServerResponse),
        ["reserved-opcode-7"] = Receive(ErrorHttpInvalidServerResponse),
        ["reserved-opcode-11"] = Receive(ErrorHttpInvalidServerResponse),
        ["reserved-opcode-12"] = Receive(ErrorHttpInvalidServerResponse),
        ["reserved-opcode-13"] = Receive(ErrorHttpInvalidServerResponse),
        ["reserved-opcode-14"] = Receive(ErrorHttpInvalidServerResponse),
        ["reserved-opcode-15"] = Receive(ErrorHttpInvalidServerResponse),
        ["masked-by-server"] = Receive(ErrorHttpInvalidServerResponse),
        ["length-with-top-bit"] = Receive(ErrorHttpInvalidServerResponse),
        ["message-of-2-63-minus-1-bytes"] = Receive(UnexpectedServerError),
        ["control-frame-too-long"] = Receive(ErrorHttpInvalidServerResponse),
        ["close-frame-too-long"] = Receive(ErrorHttpInvalidServerResponse),
        ["fragmented-control-frame"] = Receive(ErrorHttpInvalidServerResponse),
        ["continuation-out-of-nowhere"] = Receive(ErrorHttpInvalidServerResponse),
        ["data-inside-fragmented-message"] = Receive(ErrorHttpInvalidServerResponse),
        ["bad-utf8"] = Receive(ErrorHttpInvalidServerResponse),
        ["bad-utf8-truncated"] = Receive(ErrorHttpInvalidServerResponse),
        ["bad-utf8-surrogate"] = Receive(ErrorHttpInvalidServerResponse),
        ["bad-utf8-split-over-fragments"] = Receive(ErrorHttpInvalidServerResponse),
        ["bad-utf8-in-close-reason"] = Receive(ErrorHttpInvalidServerResponse),
        ["close-code-0"] = Receive(ErrorHttpInvalidServerResponse),
        ["close-code-999"] = Receive(ErrorHttpInvalidServerResponse),
        ["close-code-1004"] = Receive(ErrorHttpInvalidServerResponse),
        ["close-code-1005"] = Receive(ErrorHttpInvalidServerResponse),
        ["close-code-1006"] = Receive(ErrorHttpInvalidServerResponse),
        ["close-code-1015"] = Receive(ErrorHttpInvalidServerResponse),
        ["close-code-2999"] = Receive(ErrorHttpInvalidServerResponse),
        ["close-code-5000"] = Receive(ErrorHttpInvalidServerResponse),
        ["close-code-65535"] = Receive(ErrorHttpInvalidServerResponse),
        ["close-payload-of-1-byte"] = Receive(ErrorHttpInvalidServerResponse),
        ["data-after-close"] = new(async visit =>
        {
            await visit.BeginAsync();
            Assert.Null(await visit.ReceiveAsync());
            Assert.Equal(MessageWebSocketState.Closed, visit.Socket.State);
            Assert.Equal(((ushort)1000, "done"), (visit.Socket.Information.CloseCode, visit.Socket.Information.CloseReason));
        }),
        ["garbage-after-upgrade"] = Receive(ErrorHttpInvalidServerResponse),
        ["deflate-bomb"] = Receive(UnexpectedServerError).With(control =>
        {
            Deflate(control);
            control.MaxMessageSize = Mebibyte;
        }),
        ["bad-deflate-data"] = Receive(ErrorHttpInvalidServerResponse).With(Deflate),
        ["bad-deflate-distance"] = Receive(ErrorHttpInvalidServerResponse).With(Deflate),
        ["compressed-continuation"] = Receive(ErrorHttpInvalidServerResponse).With(Deflate),
        ["endless-tiny-fragments"] = Receive(UnexpectedServerError).With(control => control.MaxMessageSize = Mebibyte),
        ["endless-message"] = Receive(UnexpectedServerError).With(control => control.MaxMessageSize = Mebibyte),
        ["ping-flood"] = new(async visit =>
        {
            await visit.BeginAsync();
            Assert.Equal("after", (await visit.ReceiveAsync())?.Text);
            await visit.Socket.CloseAsync();
        }) { Configure = (control, _) => control.CloseTimeout = FaultVisit.Patience },

        ["reset-on-accept"] = Connect(ConnectionReset),
        ["reset-after-request"] = Connect(ConnectionReset),
        ["reset-mid-header"] = Connect(ConnectionReset),
        ["reset-after-upgrade"] = new(visit => visit.FailsAsync(
            async () =>
            {
                // The reset may overtake the answer or not.
                await visit.ConnectAsync();
                await visit.ReceiveAsync();
            },
            ConnectionReset)),
        ["reset-after-messages"] = Receive(ConnectionReset),
        ["reset-mid-frame"] = Receive(ConnectionReset),
        ["reset-between-fragments"] = Receive(ConnectionReset),
        ["reset-while-client-sends"] = new(async visit =>
        {
            await visit.BeginAsync();
            await visit.FailsAsync(() => SendForEverAsync(visit.Socket), ConnectionReset);
            await visit.FailsAsync(visit.ReceiveAsync, ConnectionReset);
            await visit.IsAbortedAsync(ConnectionReset);
        }),
        ["reset-on-close"] = Close(ConnectionReset),
        ["fin-without-close"] = Receive(ConnectionAborted),
        ["fin-mid-frame"] = Receive(ConnectionAborted),
        ["fin-between-fragments"] = Receive(ConnectionAborted),
        ["fin-on-close"] = Close(ConnectionAborted),
        ["vanishes"] = KeepAlive() with { ServerHoldsStill = true },
        ["stalls-mid-frame"] = KeepAlive(),
        ["never-answers-pings"] = KeepAlive(),
        ["never-answers-close"] = Close(WebErrorStatus.Timeout),
        ["never-ends-tcp"] = ClosesWith(1000, "bye"),
        ["both-close-at-once"] = ClosesWith(1001, "crossed"),
        ["closes-while-client-sends"] = new(async visit =>
        {
            await visit.BeginAsync();
            await Assert.ThrowsAnyAsync<Exception>(() => SendForEverAsync(visit.Socket));
            Assert.Null(await visit.ReceiveAsync());
            Assert.Equal(((ushort)1011, "overloaded"), (visit.Socket.Information.CloseCode, visit.Socket.Information.CloseReason));
        }),
        ["stops-reading"] = new(async visit =>
        {
            await visit.BeginAsync();
            await IsHeldBackAsync(visit.Socket);
            Assert.Equal(MessageWebSocketState.Open, visit.Socket.State);
            await visit.FailsAsync(() => visit.Socket.CloseAsync(), WebErrorStatus.Timeout);
        })
        {
            // The system takes no more than this in place of some megabytes, so what is accepted beyond our own limit would show.
            Configure = (control, _) => control.OutboundBufferSizeInBytes = 4096,
            ServerHoldsStill = true,
        },
        ["reads-slowly"] = new(async visit =>
        {
            await visit.BeginAsync();
            await visit.Socket.SendAsync(new byte[Mebibyte / 8], SocketMessageType.Binary);
            await visit.Socket.FlushAsync().WaitAsync(FaultVisit.Patience);
            Assert.Equal(1, visit.Socket.Information.MessagesWritten);
        }) { Query = "?intervalMs=1" },
        ["sends-faster-than-read"] = new(async visit =>
        {
            await visit.BeginAsync();
            for (int i = 0; i < 1000; i++)
            {
                Assert.Equal(1024, (await visit.ReceiveAsync())?.Length);
            }

            Assert.Equal(0, visit.Socket.Information.MessagesDropped);
        }),
    };

    private static FaultExpectation ClosesWith(ushort code, string reason) => new(async visit =>
    {
        await visit.BeginAsync();
        Assert.Equal(new WebSocketCloseResult(code, reason), await visit.Socket.CloseAsync(1000, "bye").WaitAsync(FaultVisit.Patience));
        Assert.Null(await visit.ReceiveAsync());
    })
    {
        // The answer comes; that it takes its time on a busy machine is no fault.
        Configure = (control, _) => control.CloseTimeout = TimeSpan.FromSeconds(10),
    };

    private static async Task SendForEverAsync(MessageWebSocket socket)
    {
        byte[] message = new byte[64 * 1024];
        while (true)
        {
            await socket.SendAsync(message, SocketMessageType.Binary).AsTask().WaitAsync(FaultVisit.Patience);
        }
    }

    // Before 4 MiB are accepted a send has to run into its own timeout: 1 MiB is on its way, 1 MiB waits, and the system has taken
    // some KiB.
    private static async Task IsHeldBackAsync(MessageWebSocket socket)
    {
        byte[] message = new byte[64 * 1024];
        for (int accepted = 0; accepted < 4 * Mebibyte; accepted += message.Length)
        {
            using CancellationTokenSource timeout = new(FaultVisit.ShortTimeout);
            try
            {
                await socket.SendAsync(message, SocketMessageType.Binary, timeout.Token).AsTask().WaitAsync(FaultVisit.Patience);
            }
            catch (OperationCanceledException) when (timeout.IsCancellationRequested)
            {
                return;
            }
        }

        Assert.Fail("4 MiB were accepted for a peer that does not read.");
    }

    private static void ShortConnect(MessageWebSocketControl control) => control.ConnectTimeout = FaultVisit.ShortTimeout;

    private static void Follow(MessageWebSocketControl control) => control.MaximumRedirection = 5;

    private static void Deflate(MessageWebSocketControl control) => control.Compression = new WebSocketDeflateOptions();

    private static void CheckRevocation(MessageWebSocketControl control) => control.RevocationMode = X509RevocationMode.Online;

    private static void OfferTwo(MessageWebSocketControl control)
    {
        control.SupportedProtocols.Add("one");
        control.SupportedProtocols.Add("two");
    }
}
