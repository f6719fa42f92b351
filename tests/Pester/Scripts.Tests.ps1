#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# Scripts of the user's that cmdlets run: what they say on their error stream is the cmdlet's.

BeforeDiscovery {
    $scripts = @(
        @{ Of = 'Receive-WsMessage -Filter'; Command = {
            'x' | Send-WsMessage -Socket $socket
            Receive-WsMessage -Socket $socket -Filter { Write-Error 'mine'; $true } @common
        } }
        @{
            Of = 'Invoke-WsRequest -ReplyFilter'
            Command = { Invoke-WsRequest 'x' -Socket $socket -ReplyFilter { Write-Error 'mine'; $true } @common }
        }
        @{
            Of = 'Connect-MessageWebSocket -OnConnected'
            Command = { Connect-MessageWebSocket (Get-Address -Path 'echo') -OnConnected { Write-Error 'mine' } @common }
        }
        @{
            # A question that was not answered is no yes.
            Of = 'Connect-MessageWebSocket -CertificateValidation'
            Refusal = 'The certificate of localhost was rejected by the custom validation*'
            Command = {
                $script = { Write-Error 'mine'; $true }
                Connect-MessageWebSocket (Get-Address -Path 'echo' -Secure) -SkipCertificateCheck -CertificateValidation $script @common
            }
        }
        @{
            Of = 'Measure-WsLoad -Message'
            Command = {
                $message = { if ($_ -eq 3) { Write-Error 'mine' }; 'x' }
                $short = @{ Connections = 1; DurationSeconds = 0.1; WarningAction = 'SilentlyContinue' }
                Measure-WsLoad (Get-Address -Path 'echo') @short -Message $message @common
            }
        }
    )
}

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe 'An error in the script of <Of>' -ForEach $scripts {
    BeforeAll {
        $common = @{}
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
    }

    AfterAll {
        Close-EverySocket
    }

    It 'goes where the errors of the cmdlet go, and the cmdlet goes on' {
        $all = @(& $Command 2>&1)
        $errors = @($all | Where-Object { $_ -is [System.Management.Automation.ErrorRecord] })
        "$($errors[0])" | Should -Be 'mine'
        $all.Count | Should -Be 2
        $common = @{ ErrorVariable = 'global:said'; ErrorAction = 'SilentlyContinue' }
        $silent = @(& $Command 2>&1)
        if ($Refusal) {
            $errors[1], $global:said[1] | Should -BeLike $Refusal
            $silent | Should -BeNullOrEmpty
        } else {
            $errors | Should -HaveCount 1
            $global:said | Should -HaveCount 1
            $silent | Should -HaveCount 1
        }

        "$($global:said[0])" | Should -Be 'mine'
    }

    It 'ends it with -ErrorAction Stop, as itself; that of -OnConnected as the reason why there is no connection' {
        $common = @{ ErrorAction = 'Stop' }
        # By the parameter alone: where the preference says so, the script ends at its own error.
        $failure = $null
        try {
            $null = & $Command
        } catch {
            $failure = $_
        }

        if ($Of -like '*-OnConnected') {
            $failure.FullyQualifiedErrorId | Should -BeLike 'OnConnectedFailed,*'
            "$failure" | Should -BeLike '*the script of -OnConnected failed: mine.'
        } else {
            "$failure" | Should -Be 'mine'
        }
    }
}

# Every test has a try around it, which a script of its author's need not have.
Describe 'A statement that fails in a script, with no try around the cmdlet' {
    BeforeAll {
        $started = Start-Script {
            param($address, $secure)
            Set-StrictMode -Version Latest
            $common = @{ ErrorVariable = 'problem'; ErrorAction = 'SilentlyContinue' }
            function Write-Told {
                param($Of, [object[]] $Output)

                [pscustomobject] @{
                    Of     = $Of
                    Id     = $problem[0].FullyQualifiedErrorId -replace ',.*'
                    Text   = "$($problem[0])"
                    Target = $problem[0].TargetObject
                    Output = $Output.Count
                }
            }

            $socket = Connect-MessageWebSocket $address -Name 'asked'
            $scripts = { $_.id -eq 2 }, { [int] $_.a -gt 2; $true }, { 1 / 0; $true }, { No-SuchCommand; $true }, { process { $_.id } }
            foreach ($script in $scripts) {
                '{"a":"x"}', '{"a":3,"id":2}' | Send-WsMessage -Socket $socket
                while ($socket.Queued -lt 2) { $null = $socket.PingAsync().GetAwaiter().GetResult() }
                Write-Told 'Filter' @(Receive-WsMessage -Socket $socket -FromJson -Filter $script -All @common)
                $null = Receive-WsMessage -Socket $socket -All
                $request = '{"a":"x"}'
                Write-Told 'ReplyFilter' @(Invoke-WsRequest $request -Socket $socket -FromJson -ReplyFilter $script @common)
                $null = Receive-WsMessage -Socket $socket -All
            }

            Write-Told 'OnConnected' @(Connect-MessageWebSocket $address -Name 'greeted' -OnConnected { 1 / 0; 'sent' } @common)
            Write-Told 'CertificateValidation' @(
                Connect-MessageWebSocket $secure -SkipCertificateCheck -CertificateValidation { $args[0].NoSuchMethod() } @common)
            Write-Told 'Sockets' @(Get-MessageWebSocket)
            try {
                $load = @{ Connections = 1; DurationSeconds = 0.1; WarningAction = 'SilentlyContinue' }
                Measure-WsLoad $address -Message { 1 / 0; 'x' } @load
            } catch {
                $problem = @($_)
                Write-Told 'Message' @()
            }
        } -ArgumentList (Get-Address -Path 'echo'), (Get-Address -Path 'echo' -Secure)
        Wait-Script $started
        $told = $started.Output
        $failed = @($started.Streams.Error)
        $started.Shell.Dispose()
    }

    It 'ends it: <Of> has failed with <Id>' -ForEach @(
        @{ Of = 'Filter'; Id = 'FilterFailed'; Text = '-Filter failed at the message {"a":"x"}: ?*' }
        @{ Of = 'ReplyFilter'; Id = 'ReplyFilterFailed'; Text = '-ReplyFilter failed at the message {"a":"x"}: ?*' }
    ) {
        $cases = @($told.Where({ $_.Of -eq $Of }))
        $cases | Should -HaveCount 5
        foreach ($case in $cases) {
            $case.Id | Should -Be $Id
            $case.Text | Should -BeLike $Text
            $case.Target.Text | Should -Be '{"a":"x"}'
        }

        # -Filter goes on with the next message.
        $cases.Output | Should -Be ($Of -eq 'Filter' ? @(1, 1, 0, 0, 1) : @(0, 0, 0, 0, 0))
        $failed | Should -BeNullOrEmpty
    }

    It 'ends it: there is no connection that -OnConnected or -CertificateValidation failed at' {
        $told.Where({ $_.Of -eq 'OnConnected' }).Id | Should -Be 'OnConnectedFailed'
        $told.Where({ $_.Of -eq 'CertificateValidation' }).Id | Should -Be 'CertificateIsInvalid'
        $told.Where({ $_.Of -eq 'Sockets' }).Output | Should -Be 1
    }

    It 'ends it: -Message' {
        $told.Where({ $_.Of -eq 'Message' }).Text | Should -Be 'Attempted to divide by zero.'
    }
}

Describe 'A script' {
    AfterAll {
        Close-EverySocket
    }

    It 'sees the variables of its author, whatever their names, and leaves none' {
        $item = 'mine'
        $script = 'too'
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo') -OnConnected {
            "$item $script $sender$cmdlet$each"
            $item = 'changed'
        }
        (Receive-WsMessage -Filter { $_.Text -eq "$item $script " -and ($item = 1) }).Text | Should -Be 'mine too '
        $item | Should -Be 'mine'
    }

    It 'of a module sees what is in that module, and has its message in every form' {
        function Test-Message($Message) { $_.Text -eq 'x' -and $Message.Text -eq 'x' }
        function Test-Piped($Message) { process { $_.Text -eq 'x' -and $Message.Text -eq 'x' } }
        filter Test-Each { $_.Text -eq 'x' }
        $null = Connect-MessageWebSocket (Get-Address -Path 'echo') -Name 'forms'
        $module = New-Module { $secret = 'x' }
        $forms = (& $module { { $_.Text -eq $secret } }), { param($message) $message.Text -eq 'x' }, {
            $args[0].Text -eq 'x' -and $args.Count -eq 1
        }, { process { $_.Text -eq 'x' } }, ${function:Test-Message}, ${function:Test-Piped}, ${function:Test-Each}
        foreach ($form in $forms) {
            (Invoke-WsRequest 'x' -Socket 'forms' -ReplyFilter $form -TimeoutSeconds 10).Text | Should -Be 'x'
        }
    }
}
