#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $PSStyle.OutputRendering = 'PlainText'
    $server = Start-TestServer -ArgumentList '--raw'
    $short = @{ DurationSeconds = 0.3; Connections = 2; WarningAction = 'SilentlyContinue' }
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe 'Measure-WsLoad' {
    # The first, so that the other one is there first too.
    It 'has the histograms of its own beside those that another module brought' {
        $other = Join-Path -Path $TestDrive -ChildPath 'HdrHistogram.dll'
        $name = [System.Reflection.AssemblyName]::new('HdrHistogram, Version=1.0.0.0')
        $builder = [System.Reflection.Emit.PersistedAssemblyBuilder]::new($name, [object].Assembly)
        $null = $builder.DefineDynamicModule('HdrHistogram').DefineType('HdrHistogram.LongHistogram', 'Public').CreateType()
        $builder.Save($other)
        Add-Type -LiteralPath $other
        (Measure-WsLoad (Get-Address -Path 'echo') @short).RoundTrips | Should -BeGreaterThan 0
        $loaded = @([AppDomain]::CurrentDomain.GetAssemblies().Where({ $_.GetName().Name -eq 'HdrHistogram' }))
        $loaded.Count | Should -Be 2
        $loaded.ForEach({ [System.Runtime.Loader.AssemblyLoadContext]::GetLoadContext($_).Name }) | Sort-Object |
            Should -Be 'Default', 'MessageWebSockets.Histograms'
    }

    It 'says of a subprotocol that cannot be offered what is wrong, and loads the others' {
        $bad = @{ Uri = (Get-Address -Path 'echo'); SubProtocol = 'a b' }
        (Get-Failure { Measure-WsLoad @bad @short }).FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
        $loads = [pscustomobject] $bad, [pscustomobject] @{ Uri = $bad.Uri } |
            Measure-WsLoad @short -ErrorAction SilentlyContinue -ErrorVariable refused
        $loads | Should -HaveCount 1
        $refused[0].FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
    }

    Context 'an echo' {
        It 'counts what the server counts' {
            $echo = Start-WsEchoServer
            try {
                $load = Measure-WsLoad $echo.Uri @short
                $load.Errors | Should -Be 0
                $load.Connections, $load.Requested, $load.Refused | Should -Be 2, 2, 0
                $load.RoundTrips | Should -BeGreaterThan 0
                $load.MessagesSent | Should -Be $echo.MessagesReceived
                $load.MessagesReceived | Should -Be $load.MessagesSent
                $load.RoundTrips | Should -Be $load.MessagesSent
                $load.BytesSent | Should -Be (64 * $load.MessagesSent)
                $load.Loop, $load.IsCorrected | Should -Be 'closed', $false
                $load.Minimum, $load.Median, $load.P90, $load.P99, $load.P999, $load.Maximum |
                    Should -Be ($load.Minimum, $load.Median, $load.P90, $load.P99, $load.P999, $load.Maximum | Sort-Object)
                ($load.Timeline | Measure-Object Answered -Sum).Sum | Should -Be $load.RoundTrips
                $load.ConnectMedian | Should -BeGreaterThan 0
            } finally {
                Stop-WsEchoServer
            }
        }

        It 'has the -Size that was asked for, <Size>' -TestCases @(@{ Size = 0 }, @{ Size = 15 }, @{ Size = 16 }, @{ Size = 70000 }) {
            $load = Measure-WsLoad (Get-Address -Path 'echo') -Size $Size @short
            $load.RoundTrips | Should -BeGreaterThan 0
            $load.BytesReceived | Should -Be ($Size * $load.MessagesReceived)
            $load.Errors | Should -Be 0
        }

        It 'sends what -Message makes, with the running number in $_' {
            $echo = Start-WsEchoServer -Handler { $global:LastSeen = $_.Text; $_.Text }
            try {
                $load = Measure-WsLoad $echo.Uri -Message { "message $_" } @short
                $load.RoundTrips | Should -BeGreaterThan 0
                $load.Errors | Should -Be 0
            } finally {
                Stop-WsEchoServer
            }
        }

        It 'waits for a slow -Message neither before it begins nor when it is over' {
            $echo = Start-WsEchoServer
            $calls = @{ Count = 0 }
            try {
                # The second one is made when the first has arrived; before the load begins it would never be.
                $message = {
                    $calls.Count++
                    if ($_ -eq 0) { [System.Threading.Thread]::Sleep(600) } else { Wait-Until { $echo.MessagesReceived -gt 0 } }
                    'message'
                }
                $one = @{ Connections = 1; ThinkTimeSeconds = 60; DurationSeconds = 0.3; WarningAction = 'SilentlyContinue' }
                (Measure-WsLoad $echo.Uri -Message $message @one).MessagesSent | Should -Be 1
                # The first, and a portion of what is made ahead.
                $calls.Count | Should -BeLessOrEqual 129
            } finally {
                Stop-WsEchoServer
            }
        }

        It 'refuses what -Message makes where it is no message' {
            (Get-Failure { Measure-WsLoad (Get-Address -Path 'echo') -Message { Get-Date } @short }).FullyQualifiedErrorId |
                Should -BeLike 'UnsupportedInputObject,*'
            "$(Get-Failure { Measure-WsLoad (Get-Address -Path 'echo') -Message { } @short })" | Should -BeLike '*emitted nothing*'
            $two = { 'a', 'b' }
            "$(Get-Failure { Measure-WsLoad (Get-Address -Path 'echo') -Message $two @short })" | Should -BeLike '*emitted 2 objects*'
            (Get-Failure { Measure-WsLoad (Get-Address -Path 'echo') -Message { "a$([char] 0xD800)" } @short }).FullyQualifiedErrorId |
                Should -BeLike 'InvalidMessage,*'
            (Get-Failure { Measure-WsLoad (Get-Address -Path 'echo') -Message { throw 'no idea' } @short }).Exception.Message |
                Should -BeLike '*no idea*'
            (Get-Failure { Measure-WsLoad (Get-Address -Path 'echo') -Message { break } @short }).Exception.Message |
                Should -BeLike 'The script of -Message ends with exit, or with break*'
        }

        It 'tells the errors that -Message wrote before it was left' {
            $told = $null
            try {
                Measure-WsLoad (Get-Address -Path 'echo') -Message { Write-Error 'told'; exit } @short -ErrorVariable told 2> $null
            } catch {
                "$_" | Should -BeLike 'The script of -Message ends with exit*'
            }
            "$($told[0])" | Should -Be 'told'
        }

        It 'counts messages that answer nothing, and does not take them for answers' {
            # Both come while the answer is waited for.
            $load = Measure-WsLoad (Get-Address -Path 'say?text=one&text=two') -TimeoutSeconds 3 @short
            $load.MessagesReceived | Should -Be 4
            $load.RoundTrips | Should -Be 0
            $load.ErrorsByKind['NoAnswer'] | Should -Be 2
        }

        It 'warns where answers are taken in their order and the server broadcasts: <What>' -TestCases @(
            @{ What = 'messages without room for a number'; Given = @{ Size = 15 }; Count = 1 }
            @{ What = 'those of -Message'; Given = @{ Message = { "message $_" } }; Count = 1 }
            @{ What = 'but not where answers tell their number'; Given = @{ Size = 16 }; Count = 0 }
        ) {
            $load = Measure-WsLoad (Get-Address -Path 'broadcast') @Given @short -WarningVariable warned
            $load.MessagesReceived | Should -BeGreaterThan $load.MessagesSent
            @($warned) -like '*was taken for answers, and the round trips are wrong*' | Should -HaveCount $Count
        }
    }

    Context 'with a rate' {
        It 'sends at the rate, and says that it is an open loop' {
            $quiet = @{ WarningAction = 'SilentlyContinue' }
            $load = Measure-WsLoad (Get-Address -Path 'echo') -Connections 4 -RatePerConnection 50 -DurationSeconds 1 @quiet
            # The clock makes up for what is late, so that only what was due in the last moment can be missing.
            $load.MessagesSent | Should -BeGreaterThan 100
            # One more for each connection: the first is due at once.
            $load.MessagesSent | Should -BeLessOrEqual (4 * ([Math]::Ceiling(50 * $load.DurationSeconds) + 1))
            $load.Loop, $load.IsCorrected, $load.RatePerConnection | Should -Be 'open', $true, 50
            $load.LatenessP99 | Should -BeGreaterOrEqual 0

            # Numbers look as in the rest of the module, whatever the culture of the session.
            $culture = [cultureinfo]::CurrentCulture
            try {
                $shown = foreach ($name in 'en-US', 'de-DE') {
                    [cultureinfo]::CurrentCulture = [cultureinfo]::GetCultureInfo($name)
                    ($load | Format-List), ($load | Format-Table), ($load.Timeline | Format-Table) |
                        ForEach-Object { $_ | Out-String -Width 200 } | Join-String
                }
            } finally {
                [cultureinfo]::CurrentCulture = $culture
            }
            $shown[1] | Should -BeExactly $shown[0]
        }

        It 'shows a stall of the server to all the messages that were due in it' {
            $stall = Get-Address -Path 'stall?after=20&ms=1000'
            $open = Measure-WsLoad $stall -Connections 1 -RatePerConnection 100 -DurationSeconds 2 -WarningAction SilentlyContinue
            $closed = Measure-WsLoad $stall -Connections 1 -DurationSeconds 2 -WarningAction SilentlyContinue
            $open.Errors | Should -Be 0
            # Half of the messages of two seconds were due in the second of the stall; a connection that waits sends one in it.
            $open.P90 | Should -BeGreaterThan 400
            $open.Maximum | Should -BeGreaterThan 900
            $closed.Maximum | Should -BeGreaterThan 900
            $closed.P90 | Should -BeLessThan $open.P90
        }
    }

    Context 'in the other modes' {
        It 'measures pings' {
            $load = Measure-WsLoad (Get-Address -Path 'silent') -Mode Ping @short
            $load.RoundTrips | Should -BeGreaterThan 0
            $load.MessagesReceived | Should -Be 0
            $load.Errors | Should -Be 0
        }

        It 'only sends' {
            $load = Measure-WsLoad (Get-Address -Path 'sink') -Mode Send @short
            $load.MessagesSent | Should -BeGreaterThan 0
            $load.MessagesPerSecond | Should -BeGreaterThan 0
            $load.Median | Should -BeNullOrEmpty
        }

        It 'only receives' {
            $load = Measure-WsLoad (Get-Address -Path 'push?count=10&intervalMs=1') -Mode Receive -Connections 3 -DurationSeconds 1
            $load.MessagesReceived | Should -Be 30
            $load.MessagesSent | Should -Be 0
        }

        It 'connects again and again' {
            $load = Measure-WsLoad (Get-Address -Path 'silent') -Mode Connect @short
            $load.Connections | Should -BeGreaterThan 2
            $load.RoundTrips | Should -Be $load.Connections
            $load.Errors | Should -Be 0
        }

        It 'refuses -<Parameter> in the mode <Mode>' -TestCases @(
            @{ Mode = 'Ping'; Parameter = 'Size'; Value = 10 }
            @{ Mode = 'Receive'; Parameter = 'RatePerConnection'; Value = 10 }
            @{ Mode = 'Receive'; Parameter = 'ThinkTimeSeconds'; Value = 1 }
            @{ Mode = 'Connect'; Parameter = 'Message'; Value = { 'x' } }
        ) {
            $given = @{ $Parameter = $Value }
            (Get-Failure { Measure-WsLoad (Get-Address -Path 'echo') -Mode $Mode @given }).FullyQualifiedErrorId |
                Should -BeLike 'ParameterConflict,*'
        }
    }

    Context 'what goes wrong' {
        It 'counts connections that are refused by what refused them' {
            $load = Measure-WsLoad (Get-Address -Path 'status/503') @short
            $load.Connections, $load.Refused, $load.RoundTrips | Should -Be 0, 2, 0
            $load.RefusedBy['ServiceUnavailable (503)'] | Should -Be 2
            (Measure-WsLoad 'ws://127.0.0.1:1/' @short).RefusedBy['CannotConnect'] | Should -Be 2
        }

        It 'counts connections that the server closes by the code' {
            # Where the machine stands still the load is over before the close is seen.
            $closing = Get-Address -Path 'close?code=1001'
            Wait-Until { (Measure-WsLoad $closing -Mode Ping @short).ErrorsByKind['ConnectionClosed (1001)'] -eq 2 }
        }

        It 'reports an address that is none, and goes on with the next' {
            $loads = @(
                'http://x', $null, (Get-Address -Path 'echo') | Measure-WsLoad @short -ErrorVariable failures -ErrorAction SilentlyContinue
            )
            $loads | Should -HaveCount 1
            $failures.FullyQualifiedErrorId | Should -BeLike 'InvalidUri,*'
            $failures | Should -HaveCount 2
        }

        It 'tells the ws form of another -Uri' {
            $failure = Get-Failure { Measure-WsLoad -Uri 'https://feed.example/x' }
            $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidUri,*'
            $failure.ErrorDetails.RecommendedAction | Should -BeLike '*wss://feed.example/x*'
        }

        It 'refuses -RatePerConnection beside -ThinkTimeSeconds' {
            (Get-Failure { Measure-WsLoad (Get-Address -Path 'echo') -RatePerConnection 1 -ThinkTimeSeconds 1 }).FullyQualifiedErrorId |
                Should -BeLike 'ParameterConflict,*'
        }

        It 'refuses credentials over plain ws' {
            $token = ConvertTo-SecureString -String 'x' -AsPlainText -Force
            (Get-Failure { Measure-WsLoad (Get-Address -Path 'echo') -Token $token }).FullyQualifiedErrorId |
                Should -BeLike 'UnencryptedAuthentication,*'
        }
    }

    Context 'its course' {
        It 'opens connections over -RampSeconds, and begins with each' {
            $quiet = @{ WarningAction = 'SilentlyContinue' }
            $load = Measure-WsLoad (Get-Address -Path 'echo') -Connections 4 -RampSeconds 0.4 -DurationSeconds 0.3 @quiet
            $load.Connections | Should -Be 4
            $load.MessagesSent | Should -BeGreaterThan $load.RoundTrips -Because 'those of the ramp are in the timeline alone'
        }

        It 'waits -ThinkTimeSeconds after an answer' {
            $load = Measure-WsLoad (Get-Address -Path 'echo') -Connections 1 -ThinkTimeSeconds 60 -DurationSeconds 0.3
            $load.MessagesSent | Should -Be 1
        }

        It 'is stopped at once, and leaves no connection' {
            $echo = Start-WsEchoServer
            try {
                $script = Start-Script -Script { Measure-WsLoad $args[0] -Connections 5 -DurationSeconds 600 } -ArgumentList $echo.Uri
                Wait-Until { $echo.Connections -eq 5 -and $echo.MessagesReceived -gt 0 }
                Stop-Script $script
                Wait-Until { $echo.Connections -eq 0 }
            } finally {
                Stop-WsEchoServer
            }
        }

        It 'closes its connections at the end' {
            $echo = Start-WsEchoServer
            try {
                $null = Measure-WsLoad $echo.Uri @short
                Wait-Until { $echo.Connections -eq 0 }
            } finally {
                Stop-WsEchoServer
            }
        }
    }

    Context 'its looks' {
        It 'fits 100 columns, and its columns are properties' {
            $load = Measure-WsLoad (Get-Address -Path 'echo') @short
            $lines = @(($load | Out-String -Width 100) -split '\r?\n')
            $header = $lines.Where({ $_ }, 'First')[0]
            foreach ($column in -split $header) {
                $load.psobject.Properties[$column] | Should -Not -BeNullOrEmpty -Because "$column is a column"
            }

            ($load | Format-List | Out-String) | Should -Match 'Latency\s+: min .* median .* p99 '
            ($load.Timeline | Out-String) | Should -Match 'Second\s+Connections'
            # What a load without a rate says of its own machine.
            $load.GeneratorWaitMean | Should -BeGreaterThan 0
            $load.GeneratorWaitP99 | Should -BeGreaterOrEqual $load.GeneratorWaitMean
            ($load | Format-List | Out-String) | Should -Match 'This machine\s+: [\d.]+ % of its processors, waits of mean .*, p99 '
        }
    }
}
