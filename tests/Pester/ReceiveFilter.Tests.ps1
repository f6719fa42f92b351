#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer -ArgumentList '--raw'
    $file = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath "ws-filter-$PID.out"
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Item -LiteralPath $file -ErrorAction Ignore
    Remove-Module -Name 'WebSocket'
}

Describe 'Receive-WsMessage -Filter' {
    BeforeAll {
        # A socket whose inbox has these messages.
        function Connect-Filled {
            param([string[]] $Text, [hashtable] $Settings = @{})

            $socket = Connect-MessageWebSocket (Get-Address -Path 'echo') @Settings
            $Text | Send-WsMessage -Socket $socket
            Wait-Queued -Socket $socket -Count $Text.Count
            $socket
        }
    }

    AfterEach { Close-EverySocket }

    It 'emits what matches and leaves the rest, in order; it is asked once about each message' {
        $null = Connect-Filled -Text (0..9)
        $asked = [System.Collections.Generic.List[string]]::new()
        Receive-WsMessage -Count 2 -Filter { $asked.Add($_.Text); $_.Text -in '3', '5' } -Raw | Should -Be '3', '5'
        $asked | Should -Be (0..5)
        (Receive-WsMessage -All).Text | Should -Be 0, 1, 2, 4, 6, 7, 8, 9
    }

    It 'costs one call for each new message, whatever it has left' {
        $socket = Connect-Filled -Text (@('old') * 2000)
        $calls = [ref] 0
        $started = 0
        # Each answer is awaited before the next request goes out, so that every one of them is a wait of its own.
        Receive-WsMessage -Count 50 -Filter { $calls.Value++; $_.Text -ne 'old' } | ForEach-Object {
            $started++
            Send-WsMessage "answer $started"
        } -Begin { Send-WsMessage 'answer 0' }
        $calls.Value | Should -Be 2050
        # The last answer may still be on its way.
        Wait-Until { $socket.Queued -ge 2001 }
        (Receive-WsMessage -All).Count | Should -Be 2001
    }

    It 'gets the object with -FromJson, and leaves what is no JSON' {
        $null = Connect-Filled -Text '{"id":1}', 'no json', '{"id":2}', '[{"id":3},{"id":4}]'
        (Receive-WsMessage -FromJson -Filter { $_.id -eq 2 }).id | Should -Be 2
        (Receive-WsMessage -AsHashtable -Filter { $_.Count -eq 2 -and $_[0] -is [hashtable] }).id | Should -Be 3, 4
        (Receive-WsMessage -All).Text | Should -Be '{"id":1}', 'no json'
    }

    It 'goes with -OutFile' {
        $null = Connect-Filled -Text 'a1', 'b1', 'a2', 'b2'
        Receive-WsMessage -Count 2 -Filter { $_.Text -like 'a*' } -OutFile $file | Should -BeNullOrEmpty
        Get-Content -LiteralPath $file | Should -Be 'a1', 'a2'
        (Receive-WsMessage -All).Text | Should -Be 'b1', 'b2'
    }

    It 'goes with -All, which asks about what is queued and does not wait' {
        $null = Connect-Filled -Text 'a', 'b', 'c'
        Receive-WsMessage -All -Filter { $_.Text -ne 'b' } -Raw | Should -Be 'a', 'c'
        Receive-WsMessage -All -Filter { $_.Text -ne 'b' } | Should -BeNullOrEmpty
        Receive-WsMessage -All -Raw | Should -Be 'b'
    }

    It 'goes with -All against a server that never pauses, also when it is slower than that' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'flood?count=1000000&size=100') -InboxLimit 10kb -InboxFullMode DropOldest
        Wait-Queued -Socket $socket -Count 1
        $seen = [ref] 0
        Receive-WsMessage -All -Filter { $seen.Value++; $null = [System.Threading.Thread]::Yield(); $false } | Should -BeNullOrEmpty
        $seen.Value | Should -BeLessThan 1000
    }

    It 'goes with -Follow and Select-Object -First, and loses no message' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'flood?count=100&size=10')
        Receive-WsMessage -Follow -Filter { $_.Text -like '*5' } -Raw | Select-Object -First 2 | Should -Be '0000000005', '0000000015'
        $rest = (Receive-WsMessage -Count 98).Text
        $rest | Should -Be (0..99).Where({ $_ -notin 5, 15 }).ForEach({ '{0:d10}' -f $_ })
    }

    It 'ends -Follow in silence with the connection, and leaves what it did not want' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'say?text=a&text=b')
        $started = Start-Script { Receive-WsMessage -Socket $args[0] -Follow -Filter { $_.Text -eq 'b' } -Raw } -ArgumentList $socket
        Wait-Until { $started.Output.Count -eq 1 }
        Close-MessageWebSocket -Socket $socket
        Wait-Script $started
        $started.Streams.Error | Should -BeNullOrEmpty
        $started.Shell.Dispose()
        (Receive-WsMessage -Socket $socket -All).Text | Should -Be 'a'
    }

    It 'reports the end of the connection to -Count' {
        $null = Connect-MessageWebSocket $server.faults.'reset-after-messages'
        $failure = Get-Failure { Receive-WsMessage -Filter { $false } }
        $failure.FullyQualifiedErrorId | Should -BeLike 'ConnectionReset,*'
        (Receive-WsMessage -All).Count | Should -BeGreaterThan 0
    }

    It 'goes on after a reconnect, and what was left before the loss is read first' {
        # Each connection is sent the numbers from 0 on.
        $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
        $listener.Start()
        $port = $listener.LocalEndpoint.Port
        $listener.Stop()
        $mortal = Start-TestServer -ArgumentList '--port', "$port"
        try {
            $socket = Connect-MessageWebSocket "ws://127.0.0.1:$port/push?count=1000000&intervalMs=5" -AutoReconnect -RetryIntervalSec 0.1
            (Receive-WsMessage -Socket $socket -Filter { $_.Text -eq '3' }).Text | Should -Be '3'
            $started = Start-Script { Receive-WsMessage -Socket $args[0] -Filter { $_.Text -eq '3' } } -ArgumentList $socket
            $mortal.Process.Kill()
            $mortal.Process.WaitForExit()
            Wait-Until { $started.Streams.Warning.Count }
            $queued = $socket.Queued
            $mortal = Start-TestServer -ArgumentList '--port', "$port"
            Wait-Script $started
            $started.Streams.Error | Should -BeNullOrEmpty
            $started.Output.Text | Should -Be '3'
            $started.Output.Socket | Should -Not -Be $socket
            $started.Shell.Dispose()
            $left = (Receive-WsMessage -Socket $socket -Count ($queued + 3)).Text
            $left[0..2] | Should -Be 0, 1, 2
            $left[3] | Should -Be '4'
            $left[-3..-1] | Should -Be 0, 1, 2
        } finally {
            Stop-LineServer -Server $mortal
        }
    }

    It 'merges several sockets, each of which keeps what is left of its own' {
        $left = Connect-MessageWebSocket (Get-Address -Path 'say?text=a1&text=b1') -Name left
        $right = Connect-MessageWebSocket (Get-Address -Path 'say?text=a2&text=b2') -Name right
        Receive-WsMessage -Socket left, right -Count 2 -Filter { $_.Text -like 'b*' } -Raw | Sort-Object | Should -Be 'b1', 'b2'
        Receive-WsMessage -Socket $left -All -Raw | Should -Be 'a1'
        Receive-WsMessage -Socket $right -All -Raw | Should -Be 'a2'
    }

    It 'is asked about the parts of a message in partial mode' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'fragments?sizes=1,2,3') -ReceiveMode PartialMessage
        $last = Receive-WsMessage -Filter { $_.IsMessageComplete }
        $last.Text[-1] | Should -Be 'c'
        $before = (Receive-WsMessage -All).Text -join ''
        $before + $last.Text | Should -BeExactly 'abbccc'
    }

    It 'gives messages to several filters at once, each its own' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        $readers = 'a', 'b', 'c' | ForEach-Object {
            Start-Script {
                $kind = $args[1]
                Receive-WsMessage -Socket $args[0] -Count 100 -Filter { $_.Text[0] -eq $kind } -Raw
            } -ArgumentList $socket, $_
        }
        1..100 | ForEach-Object { "a$_"; "b$_"; "c$_"; "d$_" } | Send-WsMessage -Socket $socket
        foreach ($reader in $readers) {
            Wait-Script $reader
            $reader.Streams.Error | Should -BeNullOrEmpty
        }
        foreach ($index in 0..2) {
            $readers[$index].Output | Should -Be (1..100).ForEach({ "$('abc'[$index])$_" })
            $readers[$index].Shell.Dispose()
        }
        (Receive-WsMessage -Socket $socket -Count 100).Text | Should -Be (1..100).ForEach({ "d$_" })
    }

    It 'reports a filter that throws with its message, loses nothing and goes on: <What>' -TestCases @(
        @{
            What = 'an error that is thrown'; Filter = { if ($_.Text -eq 'bad') { throw 'not today' }; $_.Text -eq 'good' }
            Text = '*not today*'
        }
        @{
            What = 'a property that is missing, in strict mode'
            Filter = { Set-StrictMode -Version Latest; if ($_.Text -eq 'bad') { $_.no_such_property }; $_.Text -eq 'good' }
            Text = '*no_such_property*'
        }
        @{
            What = 'a cancellation'
            Filter = { if ($_.Text -eq 'bad') { throw [System.OperationCanceledException]::new('mine') }; $_.Text -eq 'good' }
            Text = '*mine*'
        }
        @{
            What = 'a bad format'; Filter = { if ($_.Text -eq 'bad') { throw [System.FormatException]::new('mine') }; $_.Text -eq 'good' }
            Text = '*mine*'
        }
    ) {
        $null = Connect-Filled -Text 'first', 'bad', 'good'
        $found = Receive-WsMessage -Filter $Filter -ErrorVariable problem -ErrorAction SilentlyContinue
        $found.Text | Should -Be 'good'
        $problem | Should -HaveCount 1
        $problem[0].FullyQualifiedErrorId | Should -BeExactly 'FilterFailed,MessageWebSockets.PowerShell.ReceiveWsMessageCommand'
        "$($problem[0])" | Should -BeLike "-Filter failed at the message bad: $Text"
        $problem[0] | Out-String | Should -Match '^\W*(\e\[[\d;]*m)*Receive-WsMessage: '
        $problem[0].TargetObject.Text | Should -Be 'bad'
        (Receive-WsMessage -All).Text | Should -Be 'first', 'bad'
    }

    It 'has what it says on the streams of the cmdlet' {
        $null = Connect-Filled -Text 'a'
        $streams = Get-Streams {
            Receive-WsMessage -Verbose -WarningVariable script:warned -Filter {
                Write-Warning 'look'
                Write-Verbose 'seen'
                Write-Host 'shown'
                $true
            }
        }
        "$($streams.Warning)", "$script:warned", "$($streams.Verbose)" | Should -Be 'look', 'look', 'seen'
        "$($streams.Output.Where({ $_ -is [System.Management.Automation.InformationRecord] }))" | Should -BeExactly 'shown'
    }

    It 'leaves the loop around it when it says break' {
        $null = Connect-Filled -Text 'x'
        foreach ($number in 1..3) {
            Receive-WsMessage -Filter { break }
        }
        $number | Should -Be 1
        (Receive-WsMessage).Text | Should -Be 'x'
    }

    It 'may use the socket itself' {
        $null = Connect-Filled -Text 'ask', 'other'
        # The filter talks to the server and reads what it is not asked about yet.
        (Receive-WsMessage -Filter { $null = Invoke-WsRequest 'what?' -ReplyFilter { $_.Text -eq 'what?' }; $_.Text -eq 'other' }).Text |
            Should -Be 'other'
        (Receive-WsMessage -All).Text | Should -Be 'ask'
    }

    It 'is no $null' {
        { Receive-WsMessage -Filter $null } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
    }

    Context 'that takes long' {
        It 'ends at once when it is stopped as it waits, and loses no message' {
            $socket = Connect-Filled -Text 'a', 'b'
            $asked = [System.Threading.CountdownEvent]::new(2)
            $started = Start-Script {
                $asked = $args[1]
                Receive-WsMessage -Socket $args[0] -Follow -Filter { $null = $asked.Signal(); $false }
            } -ArgumentList $socket, $asked
            $asked.Wait($patience) | Should -BeTrue
            Stop-Script $started
            (Receive-WsMessage -Socket $socket -All).Text | Should -Be 'a', 'b'
        }

        It 'ends at once when it is stopped as it is asked, and loses no message' {
            $socket = Connect-Filled -Text 'a', 'b'
            $entered = [System.Threading.ManualResetEventSlim]::new()
            $started = Start-Script {
                $entered = $args[1]
                Receive-WsMessage -Socket $args[0] -Filter { $entered.Set(); while ($true) { [System.Threading.Thread]::Yield() } }
            } -ArgumentList $socket, $entered
            $entered.Wait($patience) | Should -BeTrue
            Stop-Script $started
            (Receive-WsMessage -Socket $socket -All).Text | Should -Be 'a', 'b'
        }

        It 'does not keep the connection from being kept alive' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'echo') -KeepAliveIntervalSeconds 0.1 -KeepAliveTimeoutSeconds 20
            'a', 'b' | Send-WsMessage
            # Several pings are answered while the filter is at the first message.
            $frames = $socket.Information.FramesReceived
            $found = Receive-WsMessage -Filter {
                if ($_.Text -eq 'a') { Wait-Until { $socket.Information.FramesReceived -ge $frames + 8 } }
                $_.Text -eq 'b'
            }
            $found.Text | Should -Be 'b'
            $socket.State | Should -Be 'Open'
        }
    }

    Context 'and the room of the inbox' {
        It 'says that nothing more is read when what it left fills the inbox, and ends' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'flood?count=1000&size=100') -InboxLimit 10kb
            $failure = Get-Failure { Receive-WsMessage -Follow -Filter { $false } }
            $failure.FullyQualifiedErrorId | Should -BeExactly 'InboxFull,MessageWebSockets.PowerShell.ReceiveWsMessageCommand'
            $failure.CategoryInfo.Category | Should -Be 'LimitsExceeded'
            $failure.TargetObject | Should -Be $socket
            "$failure" | Should -BeLike ('The inbox of ws://*/flood* is full (* messages), so that nothing more is read. ' +
                '-Filter passed over * messages, which are in the inbox.')
            $failure.ErrorDetails.RecommendedAction | Should -BeLike '*-All*-InboxLimit*DropOldest*'
            (Receive-WsMessage -Count 1000).Text[-1] | Should -BeLike '0000000999*'
        }

        It 'goes on when somebody else reads' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'flood?count=1000&size=100') -InboxLimit 10kb
            $reader = Start-Script {
                Receive-WsMessage -Socket $args[0] -Follow -Filter { $_.Text -notlike '0000000999*' } | ForEach-Object Text
            } -ArgumentList $socket
            Wait-Until { $reader.Output.Count }
            # On a machine that does not let the other one read for seconds, it ends with InboxFull in between.
            $found = foreach ($attempt in 1..30) {
                $last = Receive-WsMessage -Socket $socket -Filter { $_.Text -like '0000000999*' } -ErrorAction SilentlyContinue
                if ($last) {
                    $last.Text
                    break
                }
            }
            $found | Should -BeLike '0000000999*'
            Wait-Until { $reader.Output.Count -eq 999 }
            Stop-Script $reader
        }

        It 'says so in the timeout, too' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'flood?count=1000&size=100') -InboxLimit 10kb
            $failure = Get-Failure { Receive-WsMessage -Filter { $false } -TimeoutSeconds 1 }
            $failure.FullyQualifiedErrorId | Should -BeLike 'ReceiveTimeout,*'
            $failure.ErrorDetails.RecommendedAction | Should -BeLike '*inbox is full*'
        }

        It 'lets the oldest go with DropOldest, and finds what comes' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'flood?count=1000&size=100') -InboxLimit 10kb -InboxFullMode DropOldest
            (Receive-WsMessage -Filter { $_.Text -like '0000000999*' }).Text | Should -BeLike '0000000999*'
            $left = (Receive-WsMessage -All).Text
            $left[-1] | Should -BeLike '0000000998*'
            $left.Count + $socket.Information.MessagesDropped | Should -Be 999
        }
    }
}

Describe 'Receive-WsMessage -TimeoutSeconds' {
    AfterEach { Close-EverySocket }

    It 'ends against a server that talks every 100 ms, and what was passed over is there, in order' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'push?count=100000&intervalMs=100')
        $asked = [ref] 0
        $failure = Get-Failure { Receive-WsMessage -Filter { $asked.Value++; $false } -TimeoutSeconds 2 }
        $failure.FullyQualifiedErrorId | Should -BeLike 'ReceiveTimeout,*'
        "$failure" | Should -BeLike ('No message that -Filter accepts from ws://*/push* within 2 s. The connection is still open. ' +
            "-Filter passed over $($asked.Value) messages, which are in the inbox.")
        $socket.State | Should -Be 'Open'
        $asked.Value | Should -BeGreaterThan 2
        (Receive-WsMessage -Count ($asked.Value + 2)).Text | Should -Be (0..($asked.Value + 1))
    }

    It 'begins anew with each message that is emitted' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'push?count=12&intervalMs=300')
        (Receive-WsMessage -Count 4 -Filter { [int] $_.Text % 3 -eq 2 } -TimeoutSeconds 3 -ErrorAction Stop).Text | Should -Be 2, 5, 8, 11
    }

    It 'names messages that are no JSON' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'say?text=a&text={"id":1}')
        $failure = Get-Failure { Receive-WsMessage -FromJson -Filter { $_.id -eq 2 } -TimeoutSeconds 1 }
        "$failure" | Should -BeLike '*-Filter passed over 2 messages, 1 of them no JSON, which are in the inbox.'
    }
}

Describe 'Receive-WsMessage -DurationSeconds' {
    AfterEach { Close-EverySocket }

    It 'receives what comes in that time and ends without an error' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'push?count=100000&intervalMs=50')
        $texts = (Receive-WsMessage -DurationSeconds 1 -ErrorAction Stop).Text
        $texts.Count | Should -BeGreaterThan 1
        $texts | Should -Be (0..($texts.Count - 1))
        (Receive-WsMessage).Text | Should -Be $texts.Count
    }

    It 'ends against a server that never pauses' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'flood?count=100000000&size=1')
        (Receive-WsMessage -DurationSeconds 0.3 -ErrorAction Stop | Measure-Object).Count | Should -BeGreaterThan 0
        (Receive-WsMessage -DurationSeconds 0.3 -Filter { $false } -ErrorAction Stop | Measure-Object).Count | Should -Be 0
    }

    It 'ends with nothing when nothing comes, also with -Follow and -Filter' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'echo')
        Receive-WsMessage -DurationSeconds 0.1 -ErrorAction Stop | Should -BeNullOrEmpty
        Receive-WsMessage -Follow -DurationSeconds 0.1 -ErrorAction Stop | Should -BeNullOrEmpty
        Send-WsMessage 'left'
        Receive-WsMessage -Count 5 -DurationSeconds 0.1 -Filter { $false } -ErrorAction Stop | Should -BeNullOrEmpty
        (Receive-WsMessage).Text | Should -Be 'left'
    }

    It 'ends earlier with -Count' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'say?text=a&text=b&text=c')
        (Receive-WsMessage -Count 2 -DurationSeconds 600).Text | Should -Be 'a', 'b'
    }

    It 'ends earlier with the connection, which only -Count reports' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'close?code=4000')
        Receive-WsMessage -DurationSeconds 600 -ErrorAction Stop | Should -BeNullOrEmpty
        (Get-Failure { Receive-WsMessage -Count 1 -DurationSeconds 600 }).FullyQualifiedErrorId | Should -BeLike 'ConnectionClosed,*'
    }

    It 'has a timeout only when one is given' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'echo')
        (Get-Failure { Receive-WsMessage -DurationSeconds 600 -TimeoutSeconds 0.1 }).FullyQualifiedErrorId |
            Should -BeLike 'ReceiveTimeout,*'
    }

    It 'ends at once when it is stopped' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'say?text=a')
        $started = Start-Script { Receive-WsMessage -Socket $args[0] -DurationSeconds 600 -Raw } -ArgumentList $socket
        Wait-Until { $started.Output.Count -eq 1 }
        Stop-Script $started
    }

    It 'does not go with -All, nor below 0' {
        { Receive-WsMessage -All -DurationSeconds 1 } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
        { Receive-WsMessage -DurationSeconds -1 } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
    }
}
