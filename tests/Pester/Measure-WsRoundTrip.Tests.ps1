#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $PSStyle.OutputRendering = 'PlainText'
    $server = Start-TestServer -ArgumentList '--raw'
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe 'Measure-WsRoundTrip' {
    AfterEach { Close-EverySocket }

    It 'measures the others of a pipeline where one has no connection' {
        $later = New-MessageWebSocket -Name later
        $echo = Connect-MessageWebSocket (Get-Address -Path 'echo') -Name echo
        $found = $later, $echo | Measure-WsRoundTrip -Count 1 -ErrorAction SilentlyContinue -ErrorVariable refused
        $found.Socket | Should -Be 'echo'
        $refused[0].FullyQualifiedErrorId | Should -BeLike 'SocketNotConnected,*'
    }

    Context 'pings' {
        BeforeEach { $echo = Connect-MessageWebSocket (Get-Address -Path 'echo') -Name echo }

        It 'are counted and summed up' {
            $summary = Measure-WsRoundTrip -IntervalMilliseconds 0
            $summary | Should -BeOfType 'MessageWebSockets.PowerShell.WsRoundTripSummary'
            $summary.Count | Should -Be 10
            $summary.Lost | Should -Be 0
            $summary.Socket | Should -Be 'echo'
            $summary.Uri | Should -Be (Get-Address -Path 'echo')
            $summary.RoundTripsMs | Should -HaveCount 10
            $sorted = @($summary.RoundTripsMs | Sort-Object)
            $sorted[0] | Should -BeGreaterThan 0
            $summary.Minimum, $summary.Maximum, $summary.P95, $summary.P99 | Should -Be $sorted[0], $sorted[9], $sorted[9], $sorted[9]
            $summary.Median | Should -Be ([math]::Round(($sorted[4] + $sorted[5]) / 2, 3))
            $steps = 1..9 | ForEach-Object { [math]::Abs($summary.RoundTripsMs[$_] - $summary.RoundTripsMs[$_ - 1]) }
            [math]::Abs($summary.Jitter - ($steps | Measure-Object -Average).Average) | Should -BeLessThan 0.001
            $echo.Sent | Should -Be 0
        }

        It 'are as many as -Count says' {
            $summary = Measure-WsRoundTrip -Count 200 -IntervalMilliseconds 0
            $summary.Count | Should -Be 200
            $sorted = @($summary.RoundTripsMs | Sort-Object)
            $summary.P95, $summary.P99 | Should -Be $sorted[189], $sorted[197]
            (Measure-WsRoundTrip -Count 1).Jitter | Should -BeNullOrEmpty
        }

        It 'keep -IntervalMilliseconds between them' {
            $clock = [System.Diagnostics.Stopwatch]::StartNew()
            $null = Measure-WsRoundTrip -Count 3 -IntervalMilliseconds 100
            $clock.ElapsedMilliseconds | Should -BeGreaterOrEqual 180
        }

        It 'go to a -Socket: an object, a name, or several from the pipeline' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'silent') -Name other
            (Measure-WsRoundTrip $echo -Count 1).Socket | Should -Be 'echo'
            (Measure-WsRoundTrip -Socket other -Count 1).Socket | Should -Be 'other'
            (Get-MessageWebSocket | Measure-WsRoundTrip -Count 2 -IntervalMilliseconds 0).Socket | Should -Be 'echo', 'other'
            (Get-Failure { Measure-WsRoundTrip }).FullyQualifiedErrorId | Should -BeLike 'SeveralOpenSockets,*'
            { Measure-WsRoundTrip -Socket nobody } | Should -Throw -ErrorId 'ParameterArgumentTransformationError,*'
        }

        It 'leave messages alone' {
            'one', 'two' | Send-WsMessage
            Wait-Queued -Socket $echo -Count 2
            $null = Measure-WsRoundTrip -Count 3 -IntervalMilliseconds 0
            (Receive-WsMessage -All).Text | Should -Be 'one', 'two'
        }

        It 'refuse <Parameter> <Value>' -TestCases @(
            @{ Parameter = 'Count'; Value = 0 }
            @{ Parameter = 'IntervalMilliseconds'; Value = -1 }
            @{ Parameter = 'TimeoutSeconds'; Value = -1 }
            @{ Parameter = 'Socket'; Value = $null }
            @{ Parameter = 'Echo'; Value = 'loud' }
        ) {
            $given = @{ $Parameter = $Value }
            { Measure-WsRoundTrip @given } | Should -Throw -ErrorId '*Argument*,MessageWebSockets.PowerShell.MeasureWsRoundTripCommand'
        }
    }

    Context 'without an answer' {
        It 'are lost after -TimeoutSeconds, and the connection lives' {
            $socket = Connect-MessageWebSocket $server.faults.'never-answers-pings' -KeepAliveIntervalSeconds 0
            $summary = Measure-WsRoundTrip -Count 2 -TimeoutSeconds 1 -IntervalMilliseconds 0
            $summary.Count | Should -Be 2
            $summary.Lost | Should -Be 2
            $summary.Median | Should -BeNullOrEmpty
            $summary.RoundTripsMs | Should -Be $null, $null
            $socket.State | Should -Be 'Open'
            ($summary | Format-Table | Out-String) | Should -Match ' +2 +2 +××'
        }

        It 'report a connection that ends, with what there is so far' {
            # Answers nothing after its first message, and then the connection goes.
            $socket = Connect-MessageWebSocket (Get-Address -Path 'broadcast') -Name victim
            $shell = [powershell]::Create().AddScript({
                    param($Socket)
                    while ($Socket.Information.FramesReceived -lt 3) { $null = [System.Threading.Thread]::Yield() }
                    $Socket.Close()
                }).AddArgument($socket)
            $running = $shell.BeginInvoke()
            $common = @{ ErrorVariable = 'problem'; ErrorAction = 'SilentlyContinue' }
            $summary = Measure-WsRoundTrip -Socket $socket -Count 100000 -IntervalMilliseconds 0 @common
            $null = $shell.EndInvoke($running)
            $shell.Dispose()
            $problem | Should -HaveCount 1
            $problem[0].FullyQualifiedErrorId | Should -Match '^(ConnectionClosed|ConnectionAborted|Disconnected),'
            "$($problem[0])" | Should -BeLike '*of 100000*'
            $summary.Count | Should -BeGreaterOrEqual 3
            $summary.Lost | Should -Be 0
        }

        It 'report a socket that has ended' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
            Close-MessageWebSocket -Socket $socket
            (Get-Failure { Measure-WsRoundTrip -Socket $socket }).FullyQualifiedErrorId | Should -BeLike 'ConnectionClosed,*'
        }
    }

    Context '-Echo' {
        It 'measures messages that come back' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
            $summary = Measure-WsRoundTrip -Echo -Count 5 -IntervalMilliseconds 0
            $summary.Lost | Should -Be 0
            $socket.Sent | Should -Be 5
            $socket.Queued | Should -Be 0
        }

        It 'leaves other messages where they are, in order' {
            # What another member sends to the room arrives among our own echoes.
            $socket = Connect-MessageWebSocket (Get-Address -Path 'echo') -Name echo
            $shell = [powershell]::Create().AddScript({
                    param($Manifest, $Socket)
                    Import-Module $Manifest
                    1..50 | Send-WsMessage -Socket $Socket -AsJson
                }).AddArgument("$repository/WebSocket.psd1").AddArgument($socket)
            $running = $shell.BeginInvoke()
            $summary = Measure-WsRoundTrip -Echo -Count 50 -IntervalMilliseconds 1
            $null = $shell.EndInvoke($running)
            $shell.Dispose()
            $summary.Lost | Should -Be 0
            (Receive-WsMessage -Count 50).Text | Should -Be (1..50)
            $socket.Queued | Should -Be 0
        }

        It 'counts what does not come back as lost' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'silent')
            (Measure-WsRoundTrip -Echo -Count 1 -TimeoutSeconds 1).Lost | Should -Be 1
        }

        It 'needs messages to receive' {
            $socket = New-MessageWebSocket
            $null = Register-ObjectEvent -InputObject $socket -EventName MessageReceived -SourceIdentifier 'pushed'
            try {
                $null = Connect-MessageWebSocket -Socket $socket -Uri (Get-Address -Path 'echo')
                (Get-Failure { Measure-WsRoundTrip -Socket $socket -Echo }).FullyQualifiedErrorId | Should -BeLike 'MessagesGoToHandlers,*'
                (Measure-WsRoundTrip -Socket $socket -Count 1).Lost | Should -Be 0
            } finally {
                Close-MessageWebSocket -Socket $socket
                Unregister-Event -SourceIdentifier 'pushed'
            }
        }
    }

    Context 'its view and copies' {
        BeforeAll {
            # The series of the drawing: what is shown follows from the values alone.
            $type = [MessageWebSockets.PowerShell.WsRoundTripSummary]
            $make = {
                param([Nullable[double][]] $Values)
                $constructor = $type.GetConstructors([System.Reflection.BindingFlags] 'NonPublic, Instance')[0]
                $constructor.Invoke(@('feed.example', 'wss://feed.example/', [System.Collections.Generic.List[Nullable[double]]] $Values))
            }
        }

        It 'is a table that fits 80 columns' {
            $lines = @((& $make (11.2, 12.3, $null, 31.04) | Out-String -Width 80).Split([System.Environment]::NewLine).TrimEnd() |
                Where-Object { $_ })
            $lines[0] | Should -BeExactly 'Socket       Count Lost   Min Median   P95   P99    Max Jitter Trend (ms)'
            $lines[2] | Should -BeExactly 'feed.example     4    1  11.2   12.3  31.0  31.0   31.0    9.9 ▁▁×█'
            $long = @((& $make (1..100) | Out-String -Width 80).Split([System.Environment]::NewLine).TrimEnd() | Where-Object { $_ })
            $long[2] | Should -BeExactly 'feed.example   100    0   1.0   50.5  95.0  99.0  100.0    1.0 ▁▁▂▂▃▃▄▄▅▅▆▆▇▇██'
        }

        It 'is a list' {
            $list = & $make (1..3) | Format-List | Out-String
            $list | Should -Match 'Median +: 2\.0 ms'
            $list | Should -Match 'Trend +: ▁▅█'
        }

        It 'goes through Export-Clixml and ConvertTo-Json' {
            $summary = & $make (1, $null, 3)
            $xml = Join-Path -Path $TestDrive -ChildPath 'summary.xml'
            $summary | Export-Clixml -LiteralPath $xml
            (Import-Clixml -LiteralPath $xml | Out-String) | Should -BeExactly ($summary | Out-String)
            ($summary | ConvertTo-Json | ConvertFrom-Json).RoundTripsMs | Should -Be 1, $null, 3
        }

        It 'draws <Values> at <Width> as <Shown>' -TestCases @(
            @{ Values = @(); Width = 5; Shown = '' }
            @{ Values = @(5); Width = 5; Shown = '▁' }
            @{ Values = @(5, 5, 5); Width = 5; Shown = '▁▁▁' }
            @{ Values = @(0, 1); Width = 5; Shown = '▁█' }
            @{ Values = @(0, 9, 0, 0); Width = 2; Shown = '█▁' }
            @{ Values = @(0, $null, 0, 8); Width = 2; Shown = '×█' }
            @{ Values = @($null); Width = 2; Shown = '×' }
            @{ Values = @(1, 2); Width = 0; Shown = '' }
        ) {
            [MessageWebSockets.PowerShell.Sparkline]::Of($Values, $Width) | Should -BeExactly $Shown
        }
    }

    Context 'when the pipeline is stopped' {
        It 'ends at once, and the socket stays open' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
            $shell = [powershell]::Create().AddScript({
                    param($Manifest, $Socket)
                    Import-Module $Manifest
                    Measure-WsRoundTrip -Socket $Socket -Count 100000 -IntervalMilliseconds 1
                }).AddArgument("$repository/WebSocket.psd1").AddArgument($socket)
            $running = $shell.BeginInvoke()
            $clock = [System.Diagnostics.Stopwatch]::StartNew()
            while ($socket.Information.FramesReceived -lt 3 -and $clock.Elapsed -lt $patience) {
                $null = [System.Threading.Thread]::Yield()
            }
            $shell.BeginStop($null, $null).AsyncWaitHandle.WaitOne($patience) | Should -BeTrue
            $running.AsyncWaitHandle.WaitOne($patience) | Should -BeTrue
            $shell.Dispose()
            (Measure-WsRoundTrip -Socket $socket -Count 1).Lost | Should -Be 0
        }

        It 'gives the summary so far on Ctrl+C in a terminal, and stops what is around it' -Skip:(
            -not (Get-Command -Name 'tmux' -CommandType Application -ErrorAction Ignore)) {
            $session = "ws-measure-$PID"
            $marker = Join-Path -Path $TestDrive -ChildPath 'measured.xml'
            $script = Join-Path -Path $TestDrive -ChildPath 'measure.ps1'
            $answering = Start-WsEchoServer
            Set-Content -LiteralPath $script -Value @"
Import-Module '$repository/WebSocket.psd1'
`$null = Connect-MessageWebSocket '$($answering.Uri)' -Name echo
try {
    while (`$true) {
        Measure-WsRoundTrip -Echo -Count 100000 -IntervalMilliseconds 20 -OutVariable summary | Out-Default
    }
} finally {
    `$summary[0] | Export-Clixml -LiteralPath '$marker.part'
    Move-Item -LiteralPath '$marker.part' -Destination '$marker'
}
"@
            $watcher = [System.IO.FileSystemWatcher]::new("$TestDrive", 'measured.xml')
            $null = Register-ObjectEvent -InputObject $watcher -EventName Renamed -SourceIdentifier 'measured'
            $watcher.EnableRaisingEvents = $true
            try {
                tmux -L $session new-session -d -x 80 -y 24 "pwsh -NoProfile -NoLogo -File '$script'"
                # Before the first round trip is over the summary would have nothing to say; before the cmdlet began the key would end the
                # script.
                try {
                    Wait-Until { $answering.MessagesReceived -ge 2 }
                } catch {
                    throw "The measurement did not begin: $((tmux -L $session capture-pane -p) -join "`n")"
                }

                tmux -L $session send-keys C-c
                Wait-Event -SourceIdentifier 'measured' -Timeout $patience.TotalSeconds | Should -Not -BeNullOrEmpty
                $summary = Import-Clixml -LiteralPath $marker
                $summary.Count | Should -BeGreaterThan 0
                $summary.Lost | Should -Be 0
            } finally {
                tmux -L $session kill-server 2>$null
                Unregister-Event -SourceIdentifier 'measured'
                Remove-Event -SourceIdentifier 'measured' -ErrorAction Ignore
                $watcher.Dispose()
                Stop-WsEchoServer $answering
            }
        }
    }
}
