#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# The console itself runs in a pseudo terminal, which script of util-linux makes; what is typed there comes through its input.

BeforeDiscovery {
    $hasTerminal = -not $IsWindows -and (Get-Command -Name 'script' -CommandType Application -ErrorAction Ignore) -and
        ((& script --version 2>&1) -match 'util-linux')
}

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer
    $manifest = Join-Path -Path $repository -ChildPath 'WebSocket.psd1'

    # A PowerShell in a pseudo terminal that runs a command there.
    function Start-TerminalSession {
        param([string] $Command)

        $whole = "`$PSStyle.OutputRendering = 'PlainText'; Import-Module '$manifest'; $Command; 'session over'"
        $encoded = [Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes($whole))
        $start = [System.Diagnostics.ProcessStartInfo]::new('script')
        @(
            '--quiet', '--return', '--flush', '--command', "pwsh -NoProfile -NoLogo -EncodedCommand $encoded", '/dev/null'
        ).ForEach({ $start.ArgumentList.Add($_) })
        $start.RedirectStandardInput = $true
        $start.RedirectStandardOutput = $true
        $start.Environment['TERM'] = 'xterm'
        $process = [System.Diagnostics.Process]::Start($start)
        [pscustomobject] @{ Process = $process; Seen = [System.Text.StringBuilder]::new(); Buffer = [char[]]::new(4096); Reading = $null }
    }

    # Reads on until a text was seen.
    function Wait-Screen {
        param($Session, [string] $Text)

        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        while (-not $Session.Seen.ToString().Contains($Text)) {
            $Session.Reading ??= $Session.Process.StandardOutput.ReadAsync($Session.Buffer, 0, $Session.Buffer.Length)
            $left = $patience - $clock.Elapsed
            if ($left -le [timespan]::Zero -or -not $Session.Reading.Wait($left) -or $Session.Reading.Result -eq 0) {
                throw "'$Text' was not seen in: $($Session.Seen)"
            }

            $null = $Session.Seen.Append($Session.Buffer, 0, $Session.Reading.Result)
            $Session.Reading = $null
        }
    }

    function Send-Key {
        param($Session, [string] $Text)

        $Session.Process.StandardInput.Write($Text)
        $Session.Process.StandardInput.Flush()
    }

    function Stop-TerminalSession {
        param($Session)

        if (-not $Session.Process.HasExited) {
            $Session.Process.Kill($true)
        }

        $Session.Process.Dispose()
    }
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe 'Enter-MessageWebSocket' {
    AfterEach { Close-EverySocket }

    It 'refuses to work without a terminal, before it connects' {
        $entering = "`$ErrorActionPreference = 'Stop'; Import-Module '$manifest'; " +
            "try { Enter-MessageWebSocket -Uri '$(Get-Address -Path 'echo')' } " +
            "catch { throw `$_.FullyQualifiedErrorId + ' ' + (Get-MessageWebSocket).Count }"
        $failure = Get-Failure { pwsh -NoProfile -NonInteractive -Command $entering 2>&1 | ForEach-Object { throw "$_" } }
        "$failure" | Should -BeLike '*NotInteractive*'
    }

    It 'says how to name a socket where it is given the name of one for an address' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'echo') -Name 'feed'
        $failure = Get-Failure { Enter-MessageWebSocket feed }
        $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidUri,*'
        "$failure" | Should -Be "'feed' is the name of a socket of this session, and no address."
        $failure.ErrorDetails.RecommendedAction | Should -BeLike "*Enter-MessageWebSocket -Socket 'feed'."
    }

    It 'refuses a -Socket that is none' {
        (Get-Failure { Enter-MessageWebSocket -Socket 'no such socket' }).FullyQualifiedErrorId |
            Should -BeLike 'ParameterArgumentTransformationError,*'
        (Get-Failure { Enter-MessageWebSocket -Uri $null }).FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentValidationError,*'
    }

    Context 'in a terminal' -Skip:(-not $hasTerminal) {
        It 'talks on -Uri, edits what is typed, and leaves the socket open' {
            $session =
                Start-TerminalSession "Enter-MessageWebSocket -Uri '$(Get-Address -Path 'echo')'; 'state ' + (Get-MessageWebSocket).State"
            try {
                Wait-Screen $session 'the socket stays open'
                Wait-Screen $session '> '
                Send-Key $session "helo`e[Dl`n"
                Wait-Screen $session ' < hello'
                Send-Key $session "/ping`n"
                Wait-Screen $session 'pong in '
                Send-Key $session "typed away`u{3}"
                Send-Key $session "again`n"
                Wait-Screen $session ' < again'
                Send-Key $session "`u{4}"
                Wait-Screen $session 'state Open'
                Wait-Screen $session 'session over'
                $session.Process.WaitForExit($patience) | Should -BeTrue
                $session.Seen.ToString() | Should -Not -BeLike '*< typed away*'
            } finally {
                Stop-TerminalSession $session
            }
        }

        It 'shows on a -Socket what arrived before, and closes it with -CloseOnExit' {
            $address = Get-Address -Path 'say?text=early'
            $switch = 'CloseOnExit'
            $session = Start-TerminalSession ("`$ws = Connect-MessageWebSocket '$address'; " +
                "Enter-MessageWebSocket -Socket `$ws -$switch; 'state ' + `$ws.State")
            try {
                Wait-Screen $session 'Ctrl+D closes it'
                Wait-Screen $session ' < early'
                Send-Key $session "`u{3}"
                Wait-Screen $session 'state Closed'
                Wait-Screen $session 'session over'
            } finally {
                Stop-TerminalSession $session
            }
        }

        It 'ends when the server closes, and says why' {
            $session =
                Start-TerminalSession "Start-WsEchoServer -Handler { throw } | Connect-MessageWebSocket | Enter-MessageWebSocket; 'left'"
            try {
                Wait-Screen $session '> '
                Send-Key $session "ask`n"
                Wait-Screen $session 'closed by the server with code 1011: The handler failed.'
                Wait-Screen $session 'left'
                Wait-Screen $session 'session over'
            } finally {
                Stop-TerminalSession $session
            }
        }

        It 'reports an address that cannot be connected to' {
            $session = Start-TerminalSession (('ws://127.0.0.1:1', 'http://x').ForEach({
                "Enter-MessageWebSocket $_ -ErrorVariable problem; `$problem.FullyQualifiedErrorId"
            }) -join '; ')
            try {
                Wait-Screen $session 'CannotConnect,'
                Wait-Screen $session 'InvalidUri,'
                Wait-Screen $session 'session over'
            } finally {
                Stop-TerminalSession $session
            }
        }
    }
}
