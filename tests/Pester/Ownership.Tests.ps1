#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# Every connection has an owner: whatever interrupts the cmdlet that makes it, the session lists it or it is closed.
BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $echo = Start-WsEchoServer -MaxConnections 2000
    $address = "$($echo.Uri)"
    $random = [random]::new(4)

    # Runs a script in a runspace that stays, and stops it a few milliseconds later.
    function Invoke-Stopped {
        param([runspace] $Runspace, [string] $Script, [double] $AfterMilliseconds, [scriptblock] $When)

        $shell = [powershell]::Create($Runspace)
        $null = $shell.AddScript($Script).AddArgument($address)
        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        $running = $shell.BeginInvoke()
        while ($clock.Elapsed.TotalMilliseconds -lt $AfterMilliseconds) {
            $null = [System.Threading.Thread]::Yield()
        }

        if ($When) {
            Wait-Until $When
        }

        try {
            $shell.Stop()
        } catch [System.Management.Automation.MethodInvocationException] {
            # PowerShell's own code can meet the end of the pipeline that it stops; rarely. What a cmdlet throws when it
            # is stopped never comes out here: PipelineProcessor.Stop swallows it.
            if ($_.Exception.InnerException -isnot [System.NullReferenceException] -or -not $running.AsyncWaitHandle.WaitOne($patience)) {
                throw
            }
        }

        try {
            $null = $shell.EndInvoke($running)
        } catch [System.Management.Automation.PipelineStoppedException] {
            # What was asked for.
        }

        $shell.Dispose()
    }

    function New-ModuleRunspace {
        $new = [runspacefactory]::CreateRunspace()
        $new.Open()
        $null = [powershell]::Create($new).AddScript('Import-Module $args[0]').AddArgument("$repository/WebSocket.psd1").Invoke()
        $new
    }

    # The sockets that a runspace has open.
    function Get-Owned {
        param([runspace] $Runspace)

        @([powershell]::Create($Runspace).AddScript('Get-MessageWebSocket | Where-Object State -eq Open').Invoke())
    }
}

AfterAll {
    $echo | Stop-WsEchoServer
    Remove-Module -Name 'WebSocket'
}

Describe 'A stop' {
    BeforeEach { $own = New-ModuleRunspace }

    AfterEach { $own.Dispose() }

    It '0 to 6 ms into <Of> leaves no connection that nobody owns' -TestCases @(
        @{ Of = 'Connect-MessageWebSocket'; Script = 'Connect-MessageWebSocket $args[0]' }
        @{ Of = 'Connect-MessageWebSocket -Socket'; Script = 'New-MessageWebSocket | Connect-MessageWebSocket $args[0]' }
        @{ Of = 'Connect-MessageWebSocket -Debug'; Script = 'Connect-MessageWebSocket $args[0] -Verbose -Debug' }
    ) {
        # The first one loads and compiles.
        Invoke-Stopped -Runspace $own -Script $Script -AfterMilliseconds 500
        foreach ($attempt in 1..200) {
            Invoke-Stopped -Runspace $own -Script $Script -AfterMilliseconds ($random.NextDouble() * 6)
        }

        Wait-Until { $echo.Connections -eq (Get-Owned -Runspace $own).Count }
        $own.Dispose()
        Wait-Until { $echo.Connections -eq 0 }
    }

    It 'at any moment of a reconnect leaves no connection that nobody owns' {
        # Ends each connection with code 1011 at its first message.
        $failing = Start-WsEchoServer -MaxConnections 2000 -Handler { throw 'no' }
        $script = @"
            `$null = Connect-MessageWebSocket $($failing.Uri) -AutoReconnect -RetryIntervalSec 0.001 -WarningAction Ignore
            Send-WsMessage x
            Receive-WsMessage -WarningAction Ignore
"@
        Invoke-Stopped -Runspace $own -Script $script -When { $failing.ConnectionsAccepted -ge 2 }
        foreach ($attempt in 1..100) {
            Invoke-Stopped -Runspace $own -Script $script -AfterMilliseconds ($random.NextDouble() * 20)
            $null =
                [powershell]::Create($own).AddScript('Get-MessageWebSocket | Where-Object State -ne Open | Close-MessageWebSocket').Invoke()
            $null = [powershell]::Create(
                $own).AddScript('if (@(Get-MessageWebSocket).Count -gt 1) { Get-MessageWebSocket | Close-MessageWebSocket }').Invoke()
        }

        Wait-Until { $failing.Connections -eq (Get-Owned -Runspace $own).Count }
        $own.Dispose()
        Wait-Until { $failing.Connections -eq 0 }
        $failing | Stop-WsEchoServer
    }
}

Describe 'A connect that a preference ends' {
    It 'leaves no connection' {
        $DebugPreference = 'Stop'
        # The first debug record comes when it is connected.
        (Get-Failure { Connect-MessageWebSocket $address }).FullyQualifiedErrorId | Should -BeLike 'ActionPreferenceStop,*'
        $DebugPreference = 'SilentlyContinue'
        $echo.ConnectionsAccepted | Should -BeGreaterThan 0
        Get-MessageWebSocket | Should -BeNullOrEmpty
        Wait-Until { $echo.Connections -eq 0 }
    }
}

Describe 'In a finally block, <Stop>' -ForEach @(
    @{ Stop = 'Stop-WsEchoServer'; Parameter = 'Server'; Start = { Start-WsEchoServer } }
    @{ Stop = 'Stop-WsTunnel'; Parameter = 'Tunnel'; Start = { Start-WsTunnel 'ws://127.0.0.1:1/' } }
) {
    It 'never hides the error that led to it: <Form>' -TestCases @(
        @{ Form = '$null as an object'; Run = { param($Stop, $Parameter) $given = @{ $Parameter = $null }; & $Stop @given } }
        @{ Form = '$null at its place'; Run = { param($Stop) & $Stop $null } }
        @{ Form = '$null as a name'; Run = { param($Stop) & $Stop -Name $null } }
        @{ Form = '$null from a pipeline'; Run = { param($Stop) $null | & $Stop } }
        @{ Form = 'an empty pipeline'; Run = { param($Stop, $Parameter) $given = @{ $Parameter = & { } }; & $Stop @given } }
        @{ Form = 'an empty list'; Run = { param($Stop, $Parameter) $given = @{ $Parameter = @() }; & $Stop @given } }
    ) {
        param($Run)
        $other = & $Start
        try {
            $shown = try {
                try { throw 'the first error' } finally { & $Run $Stop $Parameter }
            } catch {
                "$_"
            }
            $shown | Should -Be 'the first error'
            $other.State | Should -Be 'Listening'
        } finally {
            $other | & $Stop
        }
    }
}
