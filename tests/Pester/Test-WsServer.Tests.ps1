#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# What each check finds is held by tests/Module.Tests/Auditing; here it is the cmdlet around them.

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $PSStyle.OutputRendering = 'PlainText'
    $server = Start-TestServer -ArgumentList '--raw', '--proxy'
    $right = "$($server.raw)manners"
    $wrong = "$($server.raw)manners?mistake=$([uri]::EscapeDataString('takes frames without a mask'))"
    $short = @{ InformationAction = 'Ignore'; TimeoutSeconds = 30 }
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe 'Test-WsServer' {
    Context 'results' {
        It 'has one for each check, and nothing to find at a right server' {
            $results = Test-WsServer $right @short
            $results.Count | Should -BeGreaterThan 20
            $results | Where-Object Result -notin 'Passed', 'NotApplicable' | ForEach-Object { "$_" } | Should -BeNullOrEmpty
            ($results.Check | Sort-Object -Unique).Count | Should -Be $results.Count
            $results.Level | Sort-Object -Unique | Should -Be 'Passive', 'Standard'
        }

        It 'has what is wrong first, with its evidence, reference and remedy' {
            $found = (Test-WsServer $wrong @short)[0]
            $found.Check, $found.Result, $found.Severity | Should -Be 'frame-unmasked', 'Failed', 'medium'
            $found.Uri | Should -Be $wrong
            $found.Evidence | Should -BeLike 'a ping without a mask: still open*'
            $found.Reference | Should -Be 'RFC 6455 5.1'
            $found.Remedy | Should -Not -BeNullOrEmpty
            $found.TestedAt | Should -BeGreaterThan ([datetime]::Today.AddDays(-2))
        }

        It 'is the same with <How>' -TestCases @(
            @{ How = 'Export-Csv'; Copy = { param($Item) $Item | ConvertTo-Csv | ConvertFrom-Csv } }
            @{ How = 'ConvertTo-Json'; Copy = { param($Item) $Item | ConvertTo-Json | ConvertFrom-Json } }
            @{
                How = 'Export-Clixml'
                Copy = {
                    param($Item)
                    [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($Item))
                }
            }
        ) {
            $found = (Test-WsServer $wrong -Check 'frame-unmasked' @short)
            $copy = & $Copy $found
            foreach ($property in 'Uri', 'Check', 'Result', 'Severity', 'Evidence', 'Reference', 'Remedy', 'Level') {
                $copy.$property | Should -Be $found.$property
            }
        }

        It 'says of a subprotocol that cannot be offered what is wrong, and audits the others' {
            $fleet = [pscustomobject] @{ Uri = $right; SubProtocol = 'v1 v2' }, [pscustomobject] @{ Uri = $right }
            $found = $fleet | Test-WsServer -Check 'frame-unmasked' @short -ErrorAction SilentlyContinue -ErrorVariable refused
            $found | Should -HaveCount 1
            $refused[0].FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
        }

        It 'says true or false with -Quiet' {
            Test-WsServer $right, $wrong -Check 'frame-unmasked' -Quiet @short | Should -Be $true, $false
        }

        It 'keeps the name of a row' {
            $rows = [pscustomobject] @{ Uri = $right; Name = 'one' } | Test-WsServer -Check 'ping-answered' @short
            $rows.Name | Should -Be 'one'
        }

        It 'counts them in a line below the table, which is no object' {
            $all = Test-WsServer $wrong -Check 'frame-un*', 'ping-answered' -TimeoutSeconds 30 6>&1
            $all.Count | Should -Be 3
            "$($all[-1])" | Should -BeLike '1 passed, 1 failed: ws://*'
            $all[-1] | Should -BeOfType ([System.Management.Automation.InformationRecord])
        }

        It 'is a table of 80 columns' {
            $table = (Test-WsServer $wrong -Check 'frame-un*', 'ping-answered' @short | Out-String -Width 80) -split '\r?\n'
            $table[1] | Should -Match '^Result +Severity Check +Evidence'
            $table[3] | Should -Match '^Failed +medium +frame-unmasked +a ping without'
            $table | ForEach-Object { $_.Length | Should -BeLessOrEqual 80 }
        }
    }

    Context 'which checks' {
        It 'takes wildcards, and leaves some out' {
            (Test-WsServer $right -Check 'ping-*', 'close-*', 'HANDSHAKE-accept' -SkipCheck '*tcp*' @short).Check | Sort-Object |
                Should -Be 'close-answered', 'handshake-accept', 'ping-answered', 'ping-in-message'
        }

        It 'sends nothing unusual at the level Passive' {
            (Test-WsServer $right -Level Passive @short).Level | Sort-Object -Unique | Should -Be 'Passive'
        }

        It 'completes their names' {
            $line = 'Test-WsServer -Check frame-utf'
            (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'frame-utf8', 'frame-utf8-split'
        }

        It 'refuses <Why>' -TestCases @(
            @{
                Why = 'a name that no check has'; Parameters = @{ Check = 'nothing-like-it' }
                Message = '*nothing-like-it*handshake-accept*'
            }
            @{ Why = 'to leave out what there is not'; Parameters = @{ SkipCheck = 'nothing-like-it' }; Message = '*nothing-like-it*' }
            @{ Why = 'to leave out all'; Parameters = @{ SkipCheck = '*' }; Message = '*leaves no check*' }
            @{
                Why = 'a check beyond the level'; Parameters = @{ Level = 'Passive'; Check = 'frame-unmasked' }
                Message = '*-Level Standard*'
            }
            @{ Why = 'what is no origin'; Parameters = @{ AllowedOrigin = 'app.example' }; Message = '*app.example*https://host*' }
            @{ Why = 'credentials that wait for a challenge'; Parameters = @{ UseDefaultCredentials = $true }; Message = '*challenge*' }
        ) {
            $failure = Get-Failure { Test-WsServer $right @Parameters }
            $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
            $failure.Exception.Message | Should -BeLike $Message
        }
    }

    Context 'bounds' {
        It 'refuses <Parameter> <Value>' -TestCases @(
            @{ Parameter = 'MaxProbeSize'; Value = 100 }
            @{ Parameter = 'MaxConnections'; Value = 0 }
            @{ Parameter = 'IdleSeconds'; Value = 0 }
            @{ Parameter = 'TimeoutSeconds'; Value = 0 }
        ) {
            $given = @{ $Parameter = $Value }
            (Get-Failure { Test-WsServer $right @given }).FullyQualifiedErrorId | Should -BeLike 'ParameterArgument*,*'
        }

        It 'are no matter of other levels, and nothing is asked there' {
            $intrusive = @{ MaxProbeSize = 64KB; MaxConnections = 1; IdleSeconds = 1 }
            (Test-WsServer $right -Check 'ping-answered' @intrusive -Confirm:$false @short).Result | Should -Be 'Passed'
            (Test-WsServer $right -Check 'ping-answered' -Confirm:$false @short).Result | Should -Be 'Passed'
        }
    }

    Context 'intrusive checks' {
        It 'are made within their bounds where the user agrees' {
            $results = Test-WsServer $right -Level Intrusive -Check 'message-limit',
                'idle-*' -MaxProbeSize 1MB -MaxConnections 5 -IdleSeconds 30 -Confirm:$false @short
            $results.Result | Should -Be 'Passed', 'Passed', 'Passed'
            ($results | Where-Object Check -eq 'message-limit').Evidence |
                Should -BeLike 'a text of 512 KiB: closed with 1009*one of 256 KiB was taken'
            ($results | Where-Object Check -eq 'idle-connections').Evidence | Should -BeLike '5 idle connections were taken*'
        }

        It 'ask first, and are not made where nobody can be asked' {
            # A runspace of its own has no host that could ask.
            $script = Start-Script -Script {
                try { Test-WsServer $args[0] -Level Intrusive -Check 'message-limit' } catch { $_ }
            } -ArgumentList $right
            try {
                Wait-Script -Started $script
                $script.Output.Count | Should -Be 1
                "$($script.Output[0])" | Should -BeLike '*send texts of up to 32 MiB at ws:*'
                $script.Output[0].ErrorDetails.RecommendedAction | Should -BeLike '*-Confirm:$false*'
            } finally {
                $script.Shell.Dispose()
            }
        }

        It 'are not made where the user declines, which a warning says; the others are' {
            # A host of its own, which asks on its input.
            $program = {
                Import-Module -Name $args[0]
                $checks = 'ping-answered', 'message-limit', 'idle-timeout'
                $given = @{ Level = 'Intrusive'; Check = $checks; TimeoutSeconds = 30; InformationAction = 'Ignore' }
                Test-WsServer $args[1] @given -WarningVariable warned 3>$null | ForEach-Object { "made: $($_.Check)" }
                "warned: $warned"
            }
            $pwsh = & (Join-Path -Path $repository -ChildPath 'tools' -AdditionalChildPath 'Get-PowerShellCommand.ps1')
            $arguments = @($pwsh.Arguments -ne '-NonInteractive')
            $said = 'n' | & $pwsh.Program @arguments -CommandWithArgs $program.ToString() "$repository/WebSocket.psd1" $right
            $said -like 'made: *' | Should -Be 'made: ping-answered'
            $said -like 'warned: *' | Should -BeLike 'warned: ws://*: not made are idle-timeout, message-limit.'
        }

        It 'are named by -WhatIf, and not made' {
            $log = Join-Path -Path $TestDrive -ChildPath 'whatif.txt'
            $null = Start-Transcript -Path $log
            try {
                Test-WsServer $right -Level Intrusive -Check 'idle-timeout' -IdleSeconds 7 -WhatIf @short | Should -BeNullOrEmpty
                Test-WsServer $right -Level Intrusive -Check 'message-*', 'idle-con*' -WhatIf @short | Should -BeNullOrEmpty
            } finally {
                $null = Stop-Transcript
            }
            $said = @(Get-Content -LiteralPath $log) -match 'What if'
            $said[0] | Should -BeLike '*"leave a connection silent for 7 s" on target*'
            $said[1] | Should -BeLike '*"send texts of up to 32 MiB, open up to 100 connections" on target*'
        }
    }

    Context 'a server that cannot be checked' {
        It 'is an error that says why, and the others are checked' {
            $results = Test-WsServer 'ws://127.0.0.1:1/', "$($server.raw)nothing-here", 'https://x',
                $right -Check 'ping-answered' -ErrorVariable failures -ErrorAction SilentlyContinue @short
            $results.Count | Should -Be 1
            $failures.FullyQualifiedErrorId | Should -Be 'CannotConnect,MessageWebSockets.PowerShell.TestWsServerCommand',
                'NotFound,MessageWebSockets.PowerShell.TestWsServerCommand', 'InvalidUri,MessageWebSockets.PowerShell.TestWsServerCommand'
        }

        It 'names the form of an address that was meant, whatever it is called' {
            (Get-Failure { Test-WsServer -Uri 'https://feed.example' -Name '' }).ErrorDetails.RecommendedAction |
                Should -BeLike '*wss://feed.example*'
            (Get-Failure { Test-WsServer -Uri $null -Name 'none' }).FullyQualifiedErrorId | Should -BeLike 'InvalidUri,*'
        }

        It 'is false with -Quiet' {
            Test-WsServer 'ws://127.0.0.1:1/' -Quiet -ErrorAction SilentlyContinue | Should -BeFalse
        }

        It 'gets no password over plain ws' {
            $token = ConvertTo-SecureString -String 'tok-9f27' -AsPlainText -Force
            (Get-Failure { Test-WsServer $right -Token $token }).FullyQualifiedErrorId | Should -BeLike 'UnencryptedAuthentication,*'
        }

        It 'says what would be done with -WhatIf, and does nothing' {
            Test-WsServer 'ws://127.0.0.1:1/' -WhatIf -ErrorAction Stop | Should -BeNullOrEmpty
        }
    }

    It 'goes through a proxy' {
        (Test-WsServer $right -Proxy $server.proxy -Check 'frame-unmasked', 'ping-answered', 'handshake-two-hosts' @short).Result |
            Should -Be 'Passed', 'Passed', 'Passed'
    }

    It 'stops at once' {
        $silent = "$($server.raw)manners?mistake=$([uri]::EscapeDataString('does not answer a close frame'))"
        $script = Start-Script -Script { Test-WsServer $args[0] -Check 'close-answered' -TimeoutSeconds 600 -Verbose } -ArgumentList $silent
        # The ordinary handshake is through then, and the check waits for what never comes.
        Wait-Until { $script.Streams.Verbose.Count -gt 0 }
        Stop-Script -Started $script
    }

    It 'finds nothing at the server of this module' {
        $echo = Start-WsEchoServer
        try {
            Test-WsServer $echo.Uri @short | Where-Object Result -notin 'Passed', 'NotApplicable' | ForEach-Object { "$_" } |
                Should -BeNullOrEmpty
        } finally {
            Stop-WsEchoServer
        }
    }
}
