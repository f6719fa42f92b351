using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

public sealed class CustomValidationTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    [Fact]
    public async Task ServerCustomValidationRequested_is_raised_once_before_any_HTTP_byte_leaves()
    {
        await using RawServer server = Secure();
        using MessageWebSocket socket = Trusting();
        List<long> bytesRead = [];
        List<WebSocketServerCustomValidationRequestedEventArgs> raised = [];
        object? sender = null;
        socket.ServerCustomValidationRequested += (from, args) =>
        {
            // The server's script runs, so TLS stands; what it has read from there is what has left so far.
            RawConnection connection = server.NextConnectionAsync().AsTask().WaitAsync(ConnectFailure.Patience).GetAwaiter().GetResult();
            bytesRead.Add(connection.BytesRead);
            raised.Add(args);
            sender = from;
        };

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Equal([0], bytesRead);
        WebSocketServerCustomValidationRequestedEventArgs only = Assert.Single(raised);
        Assert.Same(socket, sender);
        Assert.Equal(certificates.Server.Leaf.Thumbprint, only.ServerCertificate.Thumbprint);
        Assert.Equal([certificates.Intermediate.Thumbprint], only.ServerIntermediateCertificates.Select(c => c.Thumbprint));
        Assert.Empty(only.ServerCertificateErrors);
        Assert.Equal(SocketSslErrorSeverity.None, only.ServerCertificateErrorSeverity);
    }

    [Fact]
    public async Task ServerCustomValidationRequested_Reject_fails_the_connect_and_no_HTTP_byte_leaves()
    {
        await using RawServer server = Secure();
        using MessageWebSocket socket = Trusting();
        int raised = 0;
        socket.ServerCustomValidationRequested += (_, args) =>
        {
            raised++;
            args.Reject();
        };

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.CertificateIsInvalid, 0x80072F89, "rejected by the custom validation", certificates.Server.Leaf.Subject);
        await AssertNothingWasSentAsync(server);
        Assert.Equal(1, raised);
        Assert.NotNull(socket.Information.ServerCertificate);
    }

    [Fact]
    public async Task ServerCustomValidationRequested_handler_that_throws_counts_as_Reject()
    {
        await using RawServer server = Secure();
        using MessageWebSocket socket = Trusting();
        socket.ServerCustomValidationRequested += (_, _) => throw new InvalidOperationException("a mistake");

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.CertificateIsInvalid, 0x80072F89);
        await AssertNothingWasSentAsync(server);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ServerCustomValidationRequested_that_is_refused_waits_for_no_deferral(bool throws)
    {
        await using RawServer server = Secure();
        using MessageWebSocket socket = Trusting();
        socket.Control.ConnectTimeout = TimeSpan.Zero;
        socket.ServerCustomValidationRequested += (_, args) =>
        {
            args.GetDeferral();
            if (throws)
            {
                throw new InvalidOperationException("a mistake");
            }

            args.Reject();
            args.Reject();
        };

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.CertificateIsInvalid, 0x80072F89);
        await AssertNothingWasSentAsync(server);
    }

    [Fact]
    public async Task ServerCustomValidationRequested_tells_a_handler_that_comes_too_late()
    {
        await using RawServer server = Secure();
        using MessageWebSocket socket = Trusting();
        WebSocketServerCustomValidationRequestedEventArgs? accepted = null;
        socket.ServerCustomValidationRequested += (_, args) => accepted = args;
        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        InvalidOperationException[] errors =
        [
            Assert.Throws<InvalidOperationException>(() => accepted!.Reject()),
            Assert.Throws<InvalidOperationException>(() => accepted!.GetDeferral()),
        ];

        Assert.All(errors, static error => Assert.Equal(unchecked((int)0x8000000E), error.HResult));
        Assert.Equal(MessageWebSocketState.Open, socket.State);
    }

    [Fact]
    public async Task ServerCustomValidationRequested_waits_for_every_deferral()
    {
        await using RawServer server = Secure();
        using MessageWebSocket socket = Trusting();
        TaskCompletionSource<Deferral[]> taken = new(TaskCreationOptions.RunContinuationsAsynchronously);
        socket.ServerCustomValidationRequested += (_, args) => taken.SetResult([args.GetDeferral(), args.GetDeferral()]);

        Task connecting = socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);
        Deferral[] deferrals = await taken.Task.WaitAsync(ConnectFailure.Patience);
        RawConnection connection = await server.NextConnectionAsync(TestContext.Current.CancellationToken);
        deferrals[0].Complete();
        deferrals[0].Complete();
        Assert.Equal(0, connection.BytesRead);
        Assert.False(connecting.IsCompleted);
        deferrals[1].Complete();
        await connecting.WaitAsync(ConnectFailure.Patience);

        Assert.Equal(MessageWebSocketState.Open, socket.State);
    }

    [Fact]
    public async Task ServerCustomValidationRequested_can_Reject_before_its_deferral_completes()
    {
        await using RawServer server = Secure();
        using MessageWebSocket socket = Trusting();
        socket.ServerCustomValidationRequested += (_, args) =>
        {
            Deferral deferral = args.GetDeferral();
            Task.Run(() =>
            {
                args.Reject();
                deferral.Complete();
            });
        };

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.CertificateIsInvalid, 0x80072F89);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ConnectTimeout_ends_the_wait_for_a_handler_that_blocks_or_never_completes_its_deferral(bool blocks)
    {
        await using RawServer server = Secure();
        using MessageWebSocket socket = Trusting();
        using ManualResetEventSlim release = new();
        socket.ServerCustomValidationRequested += (_, args) =>
        {
            if (blocks)
            {
                release.Wait(ConnectFailure.Patience);
            }
            else
            {
                args.GetDeferral();
            }
        };

        int attempts = 0;
        await ConnectFailure.OfTimeoutAsync(
            socket, server.Uri, "TLS stands, but ServerCustomValidationRequested was not done", () => ++attempts > 0);

        // Neither while the handler still blocks, nor when it accepts too late.
        await AssertNothingWasSentAsync(server, attempts);
        release.Set();
        await AssertNothingWasSentAsync(server, attempts);
    }

    [Fact]
    public async Task A_handler_that_throws_after_its_connect_timed_out_leaves_no_unobserved_exception()
    {
        await using RawServer server = Secure();
        List<string> unobserved = [];
        void Note(object? sender, UnobservedTaskExceptionEventArgs args)
        {
            lock (unobserved)
            {
                unobserved.AddRange(args.Exception.InnerExceptions.Select(e => e.Message));
            }
        }

        TaskScheduler.UnobservedTaskException += Note;
        try
        {
            WeakReference thrown = await TimeOutAsync(server);

            // Once the exception is gone, whatever would have told of it has done so.
            using CancellationTokenSource patience = new(ConnectFailure.Patience);
            while (thrown.IsAlive)
            {
                patience.Token.ThrowIfCancellationRequested();
                await Task.Yield();
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Note;
        }

        Assert.DoesNotContain("too late", unobserved);
    }

    [Fact]
    public async Task ConnectAsync_ends_with_its_token_while_a_handler_blocks()
    {
        await using RawServer server = Secure();
        using MessageWebSocket socket = Trusting();
        using ManualResetEventSlim release = new();
        using CancellationTokenSource cancel = new();
        socket.ServerCustomValidationRequested += (_, _) =>
        {
            cancel.Cancel();
            release.Wait(ConnectFailure.Patience);
        };

        OperationCanceledException cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => socket.ConnectAsync(server.Uri, cancel.Token).WaitAsync(ConnectFailure.Patience));

        Assert.Equal("0x80072EF1", $"0x{cancelled.HResult:X8}");
        await AssertNothingWasSentAsync(server);
        release.Set();
    }

    [Fact]
    public async Task ServerCustomValidationRequested_comes_after_the_default_validation_has_failed_or_passed_over_errors()
    {
        await using RawServer server = RawServer.Start(AcceptAsync, new RawServerOptions { Tls = new RawTlsOptions(certificates.Expired) });
        using MessageWebSocket socket = Trusting();
        List<IReadOnlyList<ChainValidationResult>> raised = [];
        List<SocketSslErrorSeverity> severities = [];
        socket.ServerCustomValidationRequested += (_, args) =>
        {
            raised.Add(args.ServerCertificateErrors);
            severities.Add(args.ServerCertificateErrorSeverity);
        };

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);
        Assert.Empty(raised);
        socket.Control.IgnorableServerCertificateErrors.Add(ChainValidationResult.Expired);
        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        failure.Is(WebErrorStatus.CertificateExpired, 0x80072F05);
        Assert.Equal([ChainValidationResult.Expired], Assert.Single(raised));
        Assert.Equal([SocketSslErrorSeverity.Ignorable], severities);
    }

    [Fact]
    public async Task ServerCustomValidationRequested_is_not_raised_for_plain_text()
    {
        await using RawServer server = RawServer.Start(AcceptAsync);
        using MessageWebSocket socket = new();
        int raised = 0;
        socket.ServerCustomValidationRequested += (_, _) => raised++;

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Equal(0, raised);
    }

    [Fact]
    public async Task ServerCustomValidationRequested_handlers_cannot_change_once_connected()
    {
        await using RawServer server = RawServer.Start(AcceptAsync);
        using MessageWebSocket socket = new();
        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        InvalidOperationException late = Assert.Throws<InvalidOperationException>(
            () => socket.ServerCustomValidationRequested += (_, _) => { });

        Assert.Equal("0x8000000E", $"0x{late.HResult:X8}");
    }

    // A method of its own, so that nothing keeps what it made from being collected.
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private async Task<WeakReference> TimeOutAsync(RawServer server)
    {
        using MessageWebSocket socket = Trusting();
        using ManualResetEventSlim release = new();
        TaskCompletionSource<WeakReference> thrown = new();
        socket.Control.ConnectTimeout = TimeSpan.FromMilliseconds(200);
        socket.ServerCustomValidationRequested += (_, _) =>
        {
            release.Wait(ConnectFailure.Patience);
            InvalidOperationException tooLate = new("too late");
            thrown.SetResult(new WeakReference(tooLate));
            throw tooLate;
        };
        (await ConnectFailure.OfAsync(socket, server.Uri)).Is(WebErrorStatus.Timeout, 0x80072EE2);
        release.Set();
        return await thrown.Task;
    }

    private static async Task AcceptAsync(RawConnection connection)
    {
        await connection.AcceptHandshakeAsync();
        await connection.SinkAsync();
    }

    // The last attempt reached the server; one before may have run out of its time before that.
    private static async Task AssertNothingWasSentAsync(RawServer server, int attempts = 1)
    {
        await server.WhenIdleAsync(TestContext.Current.CancellationToken).WaitAsync(ConnectFailure.Patience);
        Assert.InRange(server.Connections.Count, 1, attempts);
        Assert.All(server.Connections, connection => Assert.Equal(0, connection.BytesRead));
    }

    private RawServer Secure() => RawServer.Start(AcceptAsync, new RawServerOptions { Tls = new RawTlsOptions(certificates.Server) });

    private MessageWebSocket Trusting()
    {
        MessageWebSocket socket = new();
        socket.Control.TrustedRoots = certificates.Roots;
        return socket;
    }
}
