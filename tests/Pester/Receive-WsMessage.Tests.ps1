#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer -ArgumentList '--raw'
    $file = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath "ws-receive-$PID.out"
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Item -LiteralPath $file -ErrorAction Ignore
    Remove-Module -Name 'WebSocket'
}

Describe 'Receive-WsMessage' {
    AfterEach { Close-EverySocket }

    It 'receives from the others of a pipeline where one has no connection' {
        $later = New-MessageWebSocket -Name later
        $say = Connect-MessageWebSocket (Get-Address -Path 'say?text=hello') -Name say
        $found = $later, $say | Receive-WsMessage -Raw -ErrorAction SilentlyContinue -ErrorVariable refused
        $found | Should -Be 'hello'
        $refused[0].FullyQualifiedErrorId | Should -BeLike 'SocketNotConnected,*'
    }

    Context 'one message' {
        It 'is an object with its payload, type, length, time and socket' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'say?text=hello')
            $before = [datetime]::Now.AddSeconds(-5)
            $message = Receive-WsMessage
            $message | Should -BeOfType 'MessageWebSockets.WsMessage'
            $message.Data | Should -Be 'hello'
            $message.Text | Should -Be 'hello'
            $message.Bytes | Should -Be 104, 101, 108, 108, 111
            $message.MessageType | Should -Be 'Utf8'
            $message.Length | Should -Be 5
            $message.ReceivedAt | Should -BeGreaterThan $before
            $message.IsMessageComplete | Should -BeTrue
            $message.Socket | Should -Be $socket
            "$message" | Should -Be 'hello'
        }

        It 'is put together from its fragments' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'fragments?sizes=1,2,3&type=binary')
            (Receive-WsMessage).Text | Should -BeExactly 'abbccc'
        }
    }

    Context '-Count' {
        It 'receives so many and leaves the rest' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'flood?count=10&size=10')
            Receive-WsMessage 4 | Should -HaveCount 4
            (Receive-WsMessage -Count 6)[-1].Text | Should -Be '0000000009'
        }

        It 'says how many came when the connection ends before' {
            $null = Connect-MessageWebSocket $server.faults.'reset-after-messages'
            $received = Receive-WsMessage -Count 1000 -ErrorVariable problem -ErrorAction SilentlyContinue
            $received.Count | Should -BeGreaterThan 0
            $problem[0].FullyQualifiedErrorId | Should -BeExactly 'ConnectionReset,MessageWebSockets.PowerShell.ReceiveWsMessageCommand'
        }

        It 'reports an orderly end with code and reason' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'close?code=4000&reason=gone%20home')
            $failure = Get-Failure { Receive-WsMessage -Count 3 }
            $failure.FullyQualifiedErrorId | Should -BeLike 'ConnectionClosed,*'
            "$failure" | Should -BeLike '*4000 "gone home"*0 of 3*'
            $failure.TargetObject | Should -Be $socket
        }

        It 'escapes what a server said as it closed' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'close?code=4000&reason=%1B%5B31mred')
            "$(Get-Failure { Receive-WsMessage })" | Should -BeLike '*"\e`[31mred"*'
        }

        It 'refuses a count below 1' {
            { Receive-WsMessage -Count 0 } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }

        It 'receives a million messages, complete and in order' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'flood?count=1000000&size=100')
            $expected = 0
            $wrong = 0
            foreach ($text in Receive-WsMessage -Count 1000000 -Raw) {
                if ($text.Length -ne 100 -or -not $text.StartsWith($expected.ToString('d10'))) {
                    $wrong++
                }
                $expected++
            }
            $expected | Should -Be 1000000
            $wrong | Should -Be 0
        }
    }

    Context '-TimeoutSeconds' {
        It 'is reported, and the next message still arrives' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
            $failure = Get-Failure { Receive-WsMessage -TimeoutSeconds 1 }
            $failure.FullyQualifiedErrorId | Should -BeExactly 'ReceiveTimeout,MessageWebSockets.PowerShell.ReceiveWsMessageCommand'
            $failure.CategoryInfo.Category | Should -Be 'OperationTimeout'
            $failure.TargetObject | Should -Be $socket
            "$failure" | Should -BeLike "No message from $($socket.Uri) within 1 s. The connection is still open."
            $failure.ErrorDetails.RecommendedAction | Should -BeLike '*-Follow*'
            Send-WsMessage 'late'
            (Receive-WsMessage).Text | Should -Be 'late'
        }

        It 'counts quiet time, not all of it' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'push?count=6&intervalMs=400')
            (Receive-WsMessage -Count 6 -TimeoutSeconds 2).Text | Should -Be (0..5)
        }

        It 'ends -Follow only when it is given' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'say?text=a')
            $streams = Get-Streams { Receive-WsMessage -Follow -TimeoutSeconds 1 }
            $streams.Output | Should -HaveCount 1
            $streams.Error[0].FullyQualifiedErrorId | Should -BeLike 'ReceiveTimeout,*'
        }

        It 'does not go with -All, nor below 0' {
            { Receive-WsMessage -All -TimeoutSeconds 1 } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
            { Receive-WsMessage -TimeoutSeconds -1 } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }
    }

    Context '-All' {
        It 'emits what is queued and does not wait' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'say?text=a&text=b')
            Wait-Queued -Socket $socket -Count 2
            (Receive-WsMessage -All).Text | Should -Be 'a', 'b'
            Receive-WsMessage -All | Should -BeNullOrEmpty
        }

        It 'does not go with -Count or -Follow' {
            { Receive-WsMessage -All -Count 2 } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
            { Receive-WsMessage -All -Follow } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
        }
    }

    Context '-Follow' {
        It 'ends in silence with the connection' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'close?code=1000')
            Receive-WsMessage -Follow -ErrorAction Stop | Should -BeNullOrEmpty
        }

        It 'reports an abnormal end, after the messages before it' {
            $null = Connect-MessageWebSocket $server.faults.'reset-after-messages'
            $streams = Get-Streams { Receive-WsMessage -Follow }
            $streams.Output.Count | Should -BeGreaterThan 0
            $streams.Error[0].FullyQualifiedErrorId | Should -BeLike 'ConnectionReset,*'
        }

        It 'loses no message when the pipeline stops early' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'flood?count=10&size=10')
            Receive-WsMessage -Follow | Select-Object -First 3 | Should -HaveCount 3
            (Receive-WsMessage -Count 7)[0].Text | Should -Be '0000000003'
        }

        It 'ends at once when it is stopped, and loses no message' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
            $shell =
                [powershell]::Create().AddScript('Import-Module $args[0]; Receive-WsMessage -Socket $args[1] -Follow -Raw').AddArgument(
                    "$repository/WebSocket.psd1").AddArgument($socket)
            $output = [System.Management.Automation.PSDataCollection[psobject]]::new()
            $running = $shell.BeginInvoke([System.Management.Automation.PSDataCollection[psobject]] $null, $output)
            Send-WsMessage 'first' -Socket $socket
            $clock = [System.Diagnostics.Stopwatch]::StartNew()
            while ($output.Count -eq 0 -and $clock.Elapsed -lt $patience) {
                $null = [System.Threading.Thread]::Yield()
            }
            $output[0] | Should -Be 'first'
            $clock.Restart()
            $shell.Stop()
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 5
            $shell.Dispose()
            Send-WsMessage 'second' -Socket $socket
            (Receive-WsMessage -Socket $socket).Text | Should -Be 'second'
        }
    }

    Context '-Raw and -FromJson' {
        It 'emits strings and byte arrays' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'echo')
            Send-WsMessage 'text'
            Send-WsMessage ([byte[]] (1, 2))
            Receive-WsMessage -Raw | Should -BeOfType 'string'
            $bytes = Receive-WsMessage -Raw
            , $bytes | Should -BeOfType 'byte[]'
        }

        It 'emits what ConvertFrom-Json emits for <Json>' -TestCases @(
            @{ Json = '{"a":1,"b":[1,2.5,"x",null,true],"c":{"d":{}}}' }
            @{ Json = '[{"a":1},{"a":2}]' }
            @{ Json = '12345678901234567890123' }
            @{ Json = '{"big":9007199254740993,"small":-1e-7}' }
            @{ Json = '"text"' }
            @{ Json = '{"at":"2026-11-22T10:00:00Z","day":"2026-11-22","local":"2026-11-22T10:00:00"}' }
            @{ Json = '{"A":1,"b":{"A":2}}' }
            @{ Json = '[]' }
        ) {
            $null = Connect-MessageWebSocket (Get-Address -Path 'echo')
            Send-WsMessage $Json
            $expected = @($Json | ConvertFrom-Json)
            $actual = @(Receive-WsMessage -FromJson)
            $actual.Count | Should -Be $expected.Count
            ($actual | ConvertTo-Json -Depth 9) | Should -BeExactly ($expected | ConvertTo-Json -Depth 9)
            if ($expected.Count) {
                $actual[0].GetType() | Should -Be $expected[0].GetType()
            }
        }

        It 'gives values the types that ConvertFrom-Json gives them' {
            $json = '{"i":1,"f":1.5,"s":"x","b":true,"t":"2026-11-22T10:00:00Z","a":[1],"o":{}}'
            $null = Connect-MessageWebSocket (Get-Address -Path 'echo')
            Send-WsMessage $json
            $expected = $json | ConvertFrom-Json
            $actual = Receive-WsMessage -FromJson
            foreach ($name in 'i', 'f', 's', 'b', 't', 'a', 'o') {
                $actual.$name.GetType() | Should -Be $expected.$name.GetType()
            }
            $actual.t | Should -Be $expected.t
            $actual.t.Kind | Should -Be $expected.t.Kind
        }

        It 'reports <What> with the message, and goes on' -TestCases @(
            @{ What = 'text that is no JSON'; Text = 'not json' }
            @{ What = 'names that differ in case only'; Text = '{"a":1,"A":2}' }
            @{ What = 'an empty name'; Text = '{"":1}' }
            @{ What = 'what would drive a terminal'; Text = "`e]0;x`a `u{9b}1m" }
        ) {
            $null = Connect-MessageWebSocket (Get-Address -Path 'echo')
            $Text, '{"ok":1}' | Send-WsMessage
            $good = Receive-WsMessage -Count 2 -FromJson -ErrorVariable problem -ErrorAction SilentlyContinue
            $good.ok | Should -Be 1
            $problem[0].FullyQualifiedErrorId | Should -BeLike 'InvalidJson,*'
            $problem[0].TargetObject.Text | Should -BeExactly $Text
            $views = (Get-Error -InputObject $problem[0]), ($problem[0] | Format-List * -Force), $problem[0].TargetObject
            $mixed = & { Get-Item -LiteralPath $TestDrive; $problem[0].TargetObject } | Out-String
            $mixed | Should -BeLike '*Preview*'
            $mixed + -join $views.ForEach({ $_ | Out-String }) | Should -Not -Match "`e\]0;x|`u{9b}"
        }

        It 'leaves an error whose message can be sent on, by way of a file too' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'echo') -Name 'of-error'
            'not json' | Send-WsMessage
            $null = Receive-WsMessage -FromJson -ErrorVariable problem -ErrorAction SilentlyContinue
            Export-Clixml -LiteralPath 'TestDrive:/target.xml' -InputObject $problem[0].TargetObject
            foreach ($target in $problem[0].TargetObject, (Import-Clixml -LiteralPath 'TestDrive:/target.xml')) {
                $target.SocketName | Should -Be 'of-error'
                $target | Where-Object Type -EQ 'Utf8' | Send-WsMessage
                $message = Receive-WsMessage
                $message.Text | Should -BeExactly 'not json'
                $message.MessageType | Should -Be 'Utf8'
            }
        }

        It 'names the socket of a message in an error as the message does, where it has no name' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
            $socket.Name = ''
            'not json', 'other' | Send-WsMessage
            $null = Receive-WsMessage -FromJson -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem[0].TargetObject.SocketName | Should -BeExactly (Receive-WsMessage).SocketName
        }

        It 'are exclusive, with -OutFile too' {
            (Get-Failure { Receive-WsMessage -Raw -FromJson }).FullyQualifiedErrorId | Should -BeLike 'ParameterConflict,*'
            (Get-Failure { Receive-WsMessage -Raw -OutFile $file }).FullyQualifiedErrorId | Should -BeLike 'ParameterConflict,*'
            (Get-Failure { Receive-WsMessage -FromJson -OutFile $file }).FullyQualifiedErrorId | Should -BeLike 'ParameterConflict,*'
        }
    }

    Context '-OutFile' {
        It 'writes exactly the bytes of a message' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'echo')
            $bytes = [byte[]]::new(100000)
            [random]::new(2).NextBytes($bytes)
            Send-WsMessage $bytes
            Receive-WsMessage -OutFile $file | Should -BeNullOrEmpty
            [System.Linq.Enumerable]::SequenceEqual([System.IO.File]::ReadAllBytes($file), $bytes) | Should -BeTrue
        }

        It 'writes one text message as it is, and several one a line' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'say?text=a&text=b&text=c')
            Receive-WsMessage -OutFile $file
            [System.IO.File]::ReadAllText($file) | Should -BeExactly 'a'
            Receive-WsMessage -Count 2 -OutFile $file
            [System.IO.File]::ReadAllText($file) | Should -BeExactly "b`nc"
        }

        It 'reports a folder that is not there, and loses no message' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'say?text=a')
            (Get-Failure { Receive-WsMessage -OutFile (Join-Path -Path $file -ChildPath 'none/x') }).FullyQualifiedErrorId |
                Should -BeLike 'FileError,*'
            (Receive-WsMessage).Text | Should -Be 'a'
        }
    }

    Context 'several sockets' {
        It 'merges them in the order of arrival' {
            $first = Connect-MessageWebSocket (Get-Address -Path 'echo') -Name first
            $second = Connect-MessageWebSocket (Get-Address -Path 'echo') -Name second
            foreach ($number in 1..6) {
                $socket = $number % 2 ? $first : $second
                $queued = $socket.Queued
                Send-WsMessage "$number" -Socket $socket
                Wait-Queued -Socket $socket -Count ($queued + 1)
            }
            $received = Get-MessageWebSocket | Receive-WsMessage -Count 6
            $received.Text | Should -Be (1..6)
            $received.Socket.Name | Should -Be 'first', 'second', 'first', 'second', 'first', 'second'
        }

        It 'waits for all of them, by name too' {
            'a', 'b' | ForEach-Object { $null = Connect-MessageWebSocket (Get-Address -Path 'push?count=3&intervalMs=50') -Name $_ }
            Receive-WsMessage -Socket a, b -Count 6 | Group-Object { $_.Socket.Name } | ForEach-Object Count | Should -Be 3, 3
        }

        It 'goes on when one of them ends' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'close?code=1000') -Name short
            $null = Connect-MessageWebSocket (Get-Address -Path 'push?count=3&intervalMs=100') -Name long
            (Receive-WsMessage -Socket short, long -Count 3 -ErrorAction Stop).Text | Should -Be (0..2)
        }

        It 'ends -Follow when all of them ended' {
            $sockets = 1..2 | ForEach-Object { Connect-MessageWebSocket (Get-Address -Path 'close?code=1000') }
            $sockets | Receive-WsMessage -Follow -ErrorAction Stop | Should -BeNullOrEmpty
        }

        It 'reports a timeout for all of them' {
            $sockets = 1..2 | ForEach-Object { Connect-MessageWebSocket (Get-Address -Path 'silent') }
            "$(Get-Failure { $sockets | Receive-WsMessage -TimeoutSeconds 1 })" | Should -BeLike 'No message from 2 sockets*'
        }

        It 'does nothing for an empty pipeline' {
            Get-MessageWebSocket | Receive-WsMessage -ErrorAction Stop | Should -BeNullOrEmpty
        }
    }

    Context 'which socket' {
        It 'refuses to guess among several' {
            $null = 1..2 | ForEach-Object { Connect-MessageWebSocket (Get-Address -Path 'echo') }
            (Get-Failure { Receive-WsMessage }).FullyQualifiedErrorId | Should -BeLike 'SeveralOpenSockets,*'
        }

        It 'says what to do when there is none' {
            (Get-Failure { Receive-WsMessage }).FullyQualifiedErrorId | Should -BeLike 'NoOpenSocket,*'
            (Get-Failure { Receive-WsMessage -Socket nobody }).FullyQualifiedErrorId |
                Should -BeLike 'ParameterArgumentTransformationError,*'
        }

        It 'reads what the only socket left behind when it ended' {
            $socket = Connect-MessageWebSocket $server.faults.'reset-after-messages'
            while ($socket.State -ne 'Aborted') {
                $null = [System.Threading.Thread]::Yield()
            }
            (Receive-WsMessage).Text | Should -Not -BeNullOrEmpty
        }

        It 'reports a socket that is not connected' {
            $created = New-MessageWebSocket
            (Get-Failure { Receive-WsMessage -Socket $created }).FullyQualifiedErrorId | Should -BeLike 'SocketNotConnected,*'
        }
    }

    It 'reports progress of a long receive, and none of a short one' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        'short' | Send-WsMessage -Socket $socket
        $receiving = Start-Script {
            Receive-WsMessage -Socket $args[0] -Count 1
            Receive-WsMessage -Socket $args[0] -Count 900
        } -ArgumentList $socket
        # One by one as long as no bar is there: a receive gets one that is still at it after a second.
        $rest = [System.Collections.Generic.Queue[string]]::new([string[]] (1..900))
        Wait-Until {
            Start-Sleep -Milliseconds 50
            $rest.Dequeue() | Send-WsMessage -Socket $socket
            $receiving.Streams.Progress.Count -gt 0
        }
        $rest | Send-WsMessage -Socket $socket
        Wait-Script -Started $receiving
        $receiving.Output | Should -HaveCount 901
        $shown = $receiving.Streams.Progress.Where({ $_.Activity -like 'Receiving*' })
        $shown[0].StatusDescription | Should -BeLike '* of 900 messages'
        $shown[-1].RecordType | Should -Be 'Completed'
        $receiving.Shell.Dispose()
    }
}
