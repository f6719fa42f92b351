using System.Management.Automation;
using System.Management.Automation.Host;
using MessageWebSockets.PowerShell.Auditing;
using MessageWebSockets.PowerShell.Auditing.Checks;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Connecting;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Sessions;
using MessageWebSockets.PowerShell.Views;

namespace MessageWebSockets.PowerShell;

/// <summary>Checks what a server does with what a good one refuses.</summary>
[Cmdlet(VerbsDiagnostic.Test, "WsServer", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(WsServerFinding), typeof(bool))]
public sealed class TestWsServerCommand : EndpointListCmdlet
{
    private const int SmallestProbe = 64 * 1024;
    private const int LargestProbe = 1024 * 1024 * 1024;

    private AuditCheck[] _checks = [];

    /// <summary>The checks to make, by name; wildcards are allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(AuditCheckCompleter))]
    public string[]? Check { get; set; }

    /// <summary>The checks to leave out, by name; wildcards are allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(AuditCheckCompleter))]
    public string[]? SkipCheck { get; set; }

    /// <summary>How far the checks may go.</summary>
    [Parameter]
    public WsAuditLevel Level { get; set; } = WsAuditLevel.Standard;

    /// <summary>Origins whose pages may connect, such as https://app.example: others that look like them are tried.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? AllowedOrigin { get; set; }

    /// <summary>How long the server may take for a connect or an answer, in seconds.</summary>
    [Parameter]
    [Alias("ConnectionTimeoutSeconds")]
    [ValidateTime(NotZero = true)]
    public double TimeoutSeconds { get; set; } = 5;

    /// <summary>The largest message that intrusive checks send, in bytes.</summary>
    [Parameter]
    [ValidateRange(SmallestProbe, LargestProbe)]
    public int MaxProbeSize { get; set; } = 32 * 1024 * 1024;

    /// <summary>The most connections that intrusive checks open at once.</summary>
    [Parameter]
    [ValidateRange(1, 10_000)]
    public int MaxConnections { get; set; } = 100;

    /// <summary>How long intrusive checks leave a connection silent, in seconds.</summary>
    [Parameter]
    [ValidateTime(NotZero = true)]
    public double IdleSeconds { get; set; } = 60;

    /// <summary>Emit for each server whether no check failed.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        CheckParameters();
        if (UseDefaultCredentials || (Credential is not null && Authentication != WsAuthentication.Basic))
        {
            ThrowTerminatingError(WsErrors.InvalidSetting(
                "Test-WsServer writes its requests itself and cannot answer a challenge: use -Credential with -Authentication Basic, "
                + "-Token or -Headers.",
                null));
        }

        using MessageWebSocket trial = new();
        if (Apply(trial, isNew: true) is { } refusal)
        {
            ThrowTerminatingError(refusal);
        }

        foreach (string origin in AllowedOrigin ?? [])
        {
            if (!AuditOrigin.TryParse(origin, out _))
            {
                ThrowTerminatingError(WsErrors.InvalidSetting(
                    $"'{TerminalText.Escape(origin)}' of -AllowedOrigin is no origin; write it as https://host or https://host:port.",
                    origin));
            }
        }

        _checks = Select();
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (Uri? uri in Uri ?? [null])
        {
            if (WsUri.Check(uri) is { } refusal)
            {
                Refuse(refusal);
                continue;
            }

            Audit(uri!);
        }
    }

    private protected override void ApplySettings(MessageWebSocket socket, bool isNew)
    {
        base.ApplySettings(socket, isNew);
        socket.Control.ConnectTimeout = TimeSpan.Zero;
    }

    private void Audit(Uri uri)
    {
        using MessageWebSocket socket = new();
        if (Apply(socket, isNew: true) is { } unsuitable)
        {
            Refuse(unsuitable);
            return;
        }

        SocketExtras extras = SocketExtras.Of(socket);
        if (extras.CarriesCredentials && !extras.AllowsUnencryptedAuthentication && uri.Scheme == System.Uri.UriSchemeWs)
        {
            Refuse(WsErrors.UnencryptedAuthentication(uri));
            return;
        }

        AuditCheck[] checks = Confirmed(uri);
        if (checks.Length == 0)
        {
            return;
        }

        if (extras.CertificateJudge is { } script)
        {
            script.Connecting = this;
        }

        DateTime started = DateTime.Now;
        using AuditTarget target = new(uri, socket.ForHandshake(), Plan());
        if (Reach(target, socket, uri) is not { } reached)
        {
            return;
        }

        Tell($"{Redaction.Of(uri)}: making {checks.Length} checks.");
        TransferProgress progress = new(this, $"Test-WsServer {Redaction.Of(uri)}", checks.Length);
        AuditRun run = new(target, checks, done => Post(() => progress.Report(done, $"{done} of {checks.Length} checks")));
        Write(
            uri,
            AuditFindings.Of(
                MalformedUri.TextOf(uri),
                Name,
                started,
                Wait(new ValueTask<IReadOnlyList<(AuditCheck, Verdict)>>(run.RunAsync(reached.NoConnection, StopToken)))));
        progress.Complete();
    }

    private AuditPlan Plan() => new()
    {
        Timeout = Times.OfSeconds(TimeoutSeconds),
        AllowedOrigins = AllowedOrigin ?? [],
        MaxProbeSize = MaxProbeSize,
        MaxConnections = MaxConnections,
        IdleTime = Times.OfSeconds(IdleSeconds),
    };

    /// <summary>
    /// Makes the ordinary handshake. A server that is refused for its certificate can still be told what is wrong with that.
    /// </summary>
    /// <returns>Null where there is nothing to check, which has been reported.</returns>
    private (string? NoConnection, bool IsReached)? Reach(AuditTarget target, MessageWebSocket socket, Uri uri)
    {
        try
        {
            Wait(target.ReachAsync(StopToken));
            return (null, true);
        }
        catch (MessageWebSocketException e) when (target.HasCertificateErrors)
        {
            return ($"no connection: {AuditAnswer.Shown(e.Message)}", false);
        }
        catch (MessageWebSocketException e)
        {
            Refuse(Connector.Failure(socket, uri, e));
            return null;
        }
    }

    private void Write(Uri uri, IReadOnlyList<WsServerFinding> findings)
    {
        foreach (WsServerFinding finding in findings)
        {
            Tell(finding.ToString());
        }

        if (Quiet)
        {
            WriteObject(!findings.Any(static finding => finding.Result == nameof(AuditResult.Failed)));
            return;
        }

        WriteObject(findings, enumerateCollection: true);

        // As Write-Host does it: below the table on a screen, and no object among the results.
        WriteInformation(new HostInformationMessage { Message = AuditFindings.Summary(MalformedUri.TextOf(uri), findings) }, ["PSHOST"]);
    }

    private void Refuse(ErrorRecord record)
    {
        WriteError(record);
        if (Quiet)
        {
            WriteObject(false);
        }
    }

    private AuditCheck[] Confirmed(Uri uri)
    {
        string address = Redaction.Of(uri);
        AuditCheck[] intrusive = [.. _checks.Where(static check => check.Level == WsAuditLevel.Intrusive)];
        if (intrusive.Length == 0)
        {
            // Only to say what would be: nothing of this needs a question.
            return IsWhatIf() && !ShouldProcess(address, $"make {_checks.Length} checks") ? [] : _checks;
        }

        AuditPlan plan = Plan();
        if (Agrees(address, string.Join(", ", _checks.Select(check => check.Load(plan)).OfType<string>())))
        {
            return _checks;
        }

        if (IsWhatIf())
        {
            return [];
        }

        WriteWarning($"{address}: not made are {string.Join(", ", intrusive.Select(static check => check.Id))}.");
        return [.. _checks.Except(intrusive)];
    }

    private bool Agrees(string address, string action)
    {
        try
        {
            return ShouldProcess(address, action);
        }
        catch (Exception e) when (e is PSInvalidOperationException or HostException)
        {
            ThrowTerminatingError(
                WsErrors.CannotAsk($"Intrusive checks would {action} at {address}, and nobody can be asked here.", address));
            throw;
        }
    }

    private bool IsWhatIf() => MyInvocation.BoundParameters.TryGetValue("WhatIf", out object? given)
        ? LanguagePrimitives.IsTrue(given)
        : LanguagePrimitives.IsTrue(GetVariableValue("WhatIfPreference"));

    private AuditCheck[] Select()
    {
        AuditCheck[] wanted = [.. AuditChecks.All.Where(check => Check is null || Matches(check, Check))];
        foreach (string pattern in (Check ?? []).Concat(SkipCheck ?? []))
        {
            AuditCheck[] named = [.. AuditChecks.All.Where(check => Matches(check, [pattern]))];
            if (named.Length == 0)
            {
                ThrowTerminatingError(WsErrors.InvalidSetting(
                    $"No check is called '{TerminalText.Escape(pattern)}'; "
                    + $"there are {string.Join(", ", AuditChecks.All.Select(static check => check.Id))}.",
                    pattern));
            }

            if (Check?.Contains(pattern) == true && named.All(check => check.Level > Level))
            {
                ThrowTerminatingError(
                    WsErrors.InvalidSetting($"The check '{named[0].Id}' is {named[0].Level}: add -Level {named[0].Level}.", pattern));
            }
        }

        AuditCheck[] selected = [.. wanted.Where(check => check.Level <= Level && (SkipCheck is null || !Matches(check, SkipCheck)))];
        if (selected.Length == 0)
        {
            ThrowTerminatingError(WsErrors.InvalidSetting("-SkipCheck leaves no check.", SkipCheck));
        }

        return selected;
    }

    private static bool Matches(AuditCheck check, IEnumerable<string> patterns) =>
        patterns.Any(pattern => WildcardPattern.Get(pattern, WildcardOptions.IgnoreCase).IsMatch(check.Id));
}
