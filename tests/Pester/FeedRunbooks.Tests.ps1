#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $examples = Join-Path -Path $repository -ChildPath 'examples'
    $manifest = Join-Path -Path $repository -ChildPath 'WebSocket.psd1'

    function Wait-Condition {
        param([scriptblock] $Condition, [string] $What)

        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        while (-not (& $Condition)) {
            if ($clock.Elapsed -gt $patience) {
                throw "$What did not come about."
            }

            $null = [System.Threading.Thread]::Yield()
        }
    }

    function Send-News {
        param($Server, [string[]] $Text)

        $talker = $Server | Connect-MessageWebSocket
        $Text | Send-WsMessage -Socket $talker
        # They come back to the talker as well: after that they are on their way to everybody.
        $null = Receive-WsMessage -Socket $talker -Count $Text.Count
        Close-MessageWebSocket -Socket $talker
    }
}

AfterAll {
    Close-EverySocket
    Stop-WsEchoServer
    Remove-Module -Name 'WebSocket'
}

Describe 'Save-Feed.ps1' {
    AfterEach {
        Close-EverySocket
        Stop-WsEchoServer
        if ($job) {
            Remove-Job -Job $job -Force
        }
    }

    It 'writes all feeds into one file, also after a server was gone' {
        $path = Join-Path -Path $TestDrive -ChildPath 'feed.ndjson'
        $first = Start-WsEchoServer -Broadcast
        $second = Start-WsEchoServer -Broadcast
        $job = Start-ThreadJob -ScriptBlock {
            & $using:examples/Save-Feed.ps1 -Uri ($using:first).Uri,
                ($using:second).Uri -Path $using:path -Count 5 -WarningAction SilentlyContinue
        }
        Wait-Condition { $first.Connections -eq 1 -and $second.Connections -eq 1 } 'The connection to both feeds'
        Send-News $first 'one', '{"two":2}'
        Send-News $second 'three'
        Wait-Condition { (Test-Path -LiteralPath $path) -and @(Get-Content -LiteralPath $path).Count -eq 3 } 'The third line'

        $port = $first.Port
        Stop-WsEchoServer -Server $first
        $again = Start-WsEchoServer -Port $port -Broadcast
        Wait-Condition { $again.Connections -eq 1 } 'The reconnect'
        Send-News $again 'four'
        Send-News $second 'five'
        $null = $job | Wait-Job -Timeout $patience.TotalSeconds
        $job.State | Should -Be 'Completed' -Because ($job | Receive-Job -ErrorAction SilentlyContinue *>&1 | Out-String)

        $lines = @(Get-Content -LiteralPath $path | ConvertFrom-Json)
        $lines | Should -HaveCount 5
        ($lines | Where-Object feed -EQ "$($first.Uri)").text | Should -Be 'one', '{"two":2}', 'four'
        ($lines | Where-Object feed -EQ "$($second.Uri)").text | Should -Be 'three', 'five'
        $lines.time | Should -Not -Contain $null
    }

    It 'keeps bytes in base64, and adds to the file' {
        $path = Join-Path -Path $TestDrive -ChildPath 'binary.ndjson'
        Set-Content -LiteralPath $path -Value '{"old":1}'
        $server = Start-WsEchoServer -Broadcast
        $job = Start-ThreadJob -ScriptBlock { & $using:examples/Save-Feed.ps1 -Uri ($using:server).Uri -Path $using:path -Count 1 }
        Wait-Condition { $server.Connections -eq 1 } 'The connection'
        $talker = $server | Connect-MessageWebSocket
        Send-WsMessage ([byte[]] (0, 255)) -Socket $talker
        $null = $job | Wait-Job -Timeout $patience.TotalSeconds
        $lines = @(Get-Content -LiteralPath $path | ConvertFrom-Json)
        $lines | Should -HaveCount 2
        $lines[1].base64 | Should -Be 'AP8='
    }

    It 'sends each feed its subscription, again after a reconnect' {
        $path = Join-Path -Path $TestDrive -ChildPath 'subscribed.ndjson'
        # An echo says what it was sent.
        $first = Start-WsEchoServer
        $second = Start-WsEchoServer
        $subscription = @{ "$($first.Uri)" = @{ subscribe = 'ticks' }; "$($second.Uri)" = 'login', 'more' }
        $job = Start-ThreadJob -ScriptBlock {
            & $using:examples/Save-Feed.ps1 -Uri ($using:first).Uri,
                ($using:second).Uri -Subscription $using:subscription -Path $using:path -Count 4 -WarningAction SilentlyContinue
        }
        Wait-Condition { (Test-Path -LiteralPath $path) -and @(Get-Content -LiteralPath $path).Count -eq 3 } 'The third line'
        $port = $first.Port
        Stop-WsEchoServer -Server $first
        $null = Start-WsEchoServer -Port $port
        $null = $job | Wait-Job -Timeout $patience.TotalSeconds
        $job.State | Should -Be 'Completed' -Because ($job | Receive-Job -ErrorAction SilentlyContinue *>&1 | Out-String)
        $lines = @(Get-Content -LiteralPath $path | ConvertFrom-Json)
        ($lines | Where-Object feed -EQ "$($first.Uri)").text | Should -Be '{"subscribe":"ticks"}', '{"subscribe":"ticks"}'
        ($lines | Where-Object feed -EQ "$($second.Uri)").text | Should -Be 'login', 'more'
    }

    It 'ends with an error when no feed can be connected to' {
        $path = Join-Path -Path $TestDrive -ChildPath 'none.ndjson'
        { & $examples/Save-Feed.ps1 -Uri 'ws://127.0.0.1:1' -Path $path -MaximumRetryCount 0 2>$null } |
            Should -Throw 'None of the feeds*'
    }
}

Describe 'Test-FleetFromHosts.ps1' {
    AfterEach { Stop-WsEchoServer }

    It 'merges what several hosts see' {
        $up = Start-WsEchoServer
        $partly = Start-WsEchoServer -Path /only
        # A process of its own stands for each host; to one of them an endpoint is forbidden, as it is behind some proxies.
        $local = {
            param($Name, $Script, $Arguments)

            if ($Name -eq 'gone') {
                return Start-Job -Name $Name -ScriptBlock { throw 'no route to the host' }
            }

            Start-Job -Name $Name -ArgumentList $Name, "$Script", $Arguments -ScriptBlock {
                param($Name, $Script, $Arguments)

                & ([scriptblock]::Create($Script)) @Arguments | Select-Object -Property * | ForEach-Object {
                    if ($Name -eq 'far' -and "$($_.Uri)" -like '*/only') {
                        $_.Success = $false
                        $_.Status = 'Forbidden'
                    }

                    $_
                }
            }
        }
        $results = @("$($up.Uri)", "$($partly.Uri)", 'ws://127.0.0.1:1/' |
                & $examples/Test-FleetFromHosts.ps1 -HostName near, far, gone -Module $manifest -TimeoutSeconds 20 -Starter $local 2>&1)
        $problems = @($results | Where-Object { $_ -is [System.Management.Automation.ErrorRecord] })
        $merged = @($results | Where-Object { $_ -isnot [System.Management.Automation.ErrorRecord] })

        "$problems" | Should -BeLike '*gone: no route to the host*'
        $merged.Uri | Should -Be "$($up.Uri)", "$($partly.Uri)", 'ws://127.0.0.1:1/'
        $merged[0].Verdict | Should -Be 'up'
        $merged[0].Reached | Should -Be 2
        $merged[0].Hosts | Should -Be 2
        $merged[0].SlowestMs | Should -BeGreaterOrEqual $merged[0].FastestMs
        $merged[1].Verdict | Should -Be 'partly'
        $merged[1].Failing | Should -Be 'far: Forbidden'
        $merged[2].Verdict | Should -Be 'down'
        $merged[2].Failing | Should -Be 'near: CannotConnect', 'far: CannotConnect'
    }
}
