#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# What -AutoReconnect promises when a server goes away and comes back.
BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer -ArgumentList '--raw'

    # A server at an address that stays, to be killed and started again.
    $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
    $listener.Start()
    $port = $listener.LocalEndpoint.Port
    $listener.Stop()
    $address = "ws://127.0.0.1:$port"

    function Start-MortalServer {
        Start-TestServer -ArgumentList '--raw', '--port', "$port"
    }

    function Stop-MortalServer {
        param($Mortal)
        $Mortal.Process.Kill()
        $Mortal.Process.WaitForExit()
        $Mortal.Process.Dispose()
    }
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe 'A server that restarts' {
    AfterEach { Close-EverySocket }

    It 'twenty times does not end a -Follow, which neither repeats nor reorders what one connection delivered' {
        $mortal = Start-MortalServer
        $following = Start-Script {
            $VerbosePreference = 'Continue'
            $null = Connect-MessageWebSocket $args[0] -AutoReconnect
            Receive-WsMessage -Follow -Raw
        } -ArgumentList "$address/push?count=1000000&intervalMs=1"
        try {
            Wait-Until { $following.Output.Count -ge 5 }
            foreach ($restart in 1..20) {
                Stop-MortalServer -Mortal $mortal
                Wait-Until { $following.Streams.Warning.Count -ge $restart }
                $seen = $following.Output.Count
                $mortal = Start-MortalServer
                Wait-Until { $following.Output.Count -ge $seen + 5 }
            }

            Stop-Script -Started $following
        } finally {
            $following.Shell.Dispose()
            Stop-LineServer -Server $mortal
        }

        # Each connection counts from 0 on.
        $connections = 0
        $expected = -1
        foreach ($text in $following.Output) {
            $number = [int] "$text"
            if ($number -eq 0) {
                $connections++
            } else {
                $number | Should -Be $expected
            }
            $expected = $number + 1
        }
        $connections | Should -Be 21
        $following.Streams.Warning | Should -HaveCount 20
        $following.Streams.Warning | Should -BeLike "Lost the connection: $address/push* Reconnecting."
        $following.Streams.Error | Should -BeNullOrEmpty

        # Half a second to one, then one to two, and so on: never the same for all clients.
        $delays = $following.Streams.Verbose | ForEach-Object {
            if ("$_" -match '^Attempt (\d+) of 10 to reconnect to \S+ in ([\d.]+) s\.$') {
                [pscustomobject] @{ Attempt = [int] $Matches[1]; Seconds = [double] $Matches[2] }
            }
        }
        $delays.Count | Should -BeGreaterOrEqual 20
        foreach ($delay in $delays) {
            $longest = [math]::Pow(2, $delay.Attempt - 1)
            $delay.Seconds | Should -BeGreaterOrEqual ($longest / 2)
            $delay.Seconds | Should -BeLessOrEqual $longest
        }
        ($delays | Where-Object Attempt -EQ 1).Seconds | Sort-Object -Unique | Measure-Object | ForEach-Object Count | Should -BeGreaterThan 1
    }

    It 'is waited for by a send, which then arrives, once' {
        $mortal = Start-MortalServer
        $socket = Connect-MessageWebSocket "$address/broadcast" -AutoReconnect -Name kept
        Stop-MortalServer -Mortal $mortal
        Wait-Until { $socket.State -eq 'Aborted' }
        $sending = Start-Script { 'one', 'two' | Send-WsMessage -Socket $args[0] } -ArgumentList $socket
        Wait-Until { $sending.Streams.Warning.Count }
        $mortal = Start-MortalServer
        try {
            $listener = Connect-MessageWebSocket "$address/echo" -Name other
            Wait-Script -Started $sending
            $sending.Streams.Error | Should -BeNullOrEmpty
            # The broadcast sends to all of its clients, and so to the sender too.
            (Receive-WsMessage -Socket $socket -Count 2).Text | Should -Be 'one', 'two'
            Receive-WsMessage -Socket $socket -All | Should -BeNullOrEmpty
        } finally {
            $sending.Shell.Dispose()
            Stop-LineServer -Server $mortal
        }
    }

    It 'and does not come back is given up as -MaximumRetryCount says, and sends fail' {
        $mortal = Start-MortalServer
        $socket = Connect-MessageWebSocket "$address/echo" -AutoReconnect -MaximumRetryCount 1
        Stop-MortalServer -Mortal $mortal
        Wait-Until { $socket.State -eq 'Aborted' }
        $sending = Start-Script { 'lost', 'as well' | Send-WsMessage -Socket $args[0] } -ArgumentList $socket
        Wait-Script -Started $sending
        $sending.Streams.Error[0].FullyQualifiedErrorId | Should -BeLike 'CannotConnect,*'
        $sending.Streams.Error[1].FullyQualifiedErrorId | Should -BeLike 'ConnectionClosed,*'
        $sending.Shell.Dispose()
        (Get-Failure { 'again' | Send-WsMessage -Socket $socket }).FullyQualifiedErrorId | Should -BeLike 'ConnectionClosed,*'
    }

    It 'is no longer waited for once the user <Does>' -TestCases @(
        @{ Does = 'presses Ctrl+C'; Action = { Stop-Script -Started $following } }
        @{ Does = 'closes the connection'; Action = { Close-MessageWebSocket -Socket $socket } }
    ) {
        $mortal = Start-MortalServer
        $socket = Connect-MessageWebSocket "$address/echo" -AutoReconnect -RetryIntervalSec 1000
        Stop-MortalServer -Mortal $mortal
        $following = Start-Script { Receive-WsMessage -Socket $args[0] -Follow } -ArgumentList $socket
        Wait-Until { $following.Streams.Warning.Count }
        $following.Running.IsCompleted | Should -BeFalse
        . $Action
        Wait-Script -Started $following
        $following.Streams.Error | Should -BeNullOrEmpty
        $following.Shell.Dispose()
    }

    It 'is connected to once, however many runspaces wait for it' {
        $mortal = Start-MortalServer
        $socket = Connect-MessageWebSocket "$address/push?count=1000000&intervalMs=20" -AutoReconnect
        $following = 1..4 | ForEach-Object { Start-Script { Receive-WsMessage -Socket $args[0] -Follow } -ArgumentList $socket }
        Stop-MortalServer -Mortal $mortal
        Wait-Until { @($following.Streams.Warning).Count }
        $mortal = Start-MortalServer
        try {
            $counts = $following.ForEach({ $_.Output.Count })
            # All of them go on to receive.
            foreach ($index in 0..3) {
                Wait-Until { $following[$index].Output.Count -gt $counts[$index] }
            }
            @($following.Streams.Warning) | Should -HaveCount 1
            # The session that connected it lists the new one, whichever runspace made that.
            (Get-MessageWebSocket).State | Should -Be 'Open'
            (Get-MessageWebSocket).Id | Should -BeGreaterThan $socket.Id
            $following.ForEach({ Stop-Script -Started $_ })
        } finally {
            $following.ForEach({ $_.Shell.Dispose() })
            Stop-LineServer -Server $mortal
        }
    }
}

Describe 'A connection that is lost' {
    AfterEach { Close-EverySocket }

    It 'is reported with the reason: <Fault>' -TestCases @(
        @{ Fault = 'reset-after-messages'; Reason = 'reset the connection' }
        @{ Fault = 'fin-without-close'; Reason = 'ended the connection without a close frame' }
        @{ Fault = 'reserved-bit-1'; Reason = 'broke the WebSocket protocol: *' }
    ) {
        $uri = $server.faults.$Fault
        $socket = Connect-MessageWebSocket $uri -AutoReconnect -MaximumRetryCount 1
        Wait-Until { $socket.State -eq 'Aborted' }
        $streams = Get-Streams { Receive-WsMessage -Socket $socket -Follow | Select-Object -First 3 }
        $streams.Warning[0] | Should -BeLike "Lost the connection: $uri $Reason. Reconnecting."
        ($socket | Format-List | Out-String -Width 300) | Should -BeLike "*State*: Aborted ($uri $Reason)*"
    }

    It 'is reported with the close code and reason' {
        $uri = "$(Get-Address -Path 'close')?code=1012&reason=back%20soon"
        $socket = Connect-MessageWebSocket $uri -AutoReconnect -MaximumRetryCount 1
        $streams = Get-Streams { Receive-WsMessage -Socket $socket }
        $streams.Warning[0] | Should -BeLike "Lost the connection: *close* closed it with code 1012 ""back soon"". Reconnecting."
    }

    It 'leaves its unread messages to the next receive when a send connects anew' {
        $mortal = Start-MortalServer
        $socket = Connect-MessageWebSocket "$address/say?text=one&text=two" -AutoReconnect
        Wait-Queued -Socket $socket -Count 2
        Stop-MortalServer -Mortal $mortal
        Wait-Until { $socket.State -eq 'Aborted' }
        $mortal = Start-MortalServer
        try {
            Send-WsMessage 'on the new one' -Socket $socket -WarningAction SilentlyContinue
            $received = Receive-WsMessage -Socket $socket -Count 4
            $received.Text | Should -Be 'one', 'two', 'one', 'two'
            $received.Socket.Id | Should -Be $socket.Id, $socket.Id, (Get-MessageWebSocket).Id, (Get-MessageWebSocket).Id
        } finally {
            Stop-LineServer -Server $mortal
        }
    }

    It 'is an error where messages had been accepted that were not handed to the network, and the others go on' {
        $socket = Connect-MessageWebSocket $server.faults.'reset-while-client-sends' -AutoReconnect -SendBufferSize 4096
        # Each connection takes 64 KB and breaks. What it can have accepted before that is noticed is in the buffer, being written, or
        # in the system's buffers of up to 6 MB: some later message meets the broken connection.
        $big = [byte[]]::new(300KB)
        $failure = try {
            1..40 | ForEach-Object { , $big } |
                Send-WsMessage -Socket $socket -WarningVariable warnings -WarningAction SilentlyContinue -ErrorVariable problems -ErrorAction SilentlyContinue
        } catch {
            $_
        }
        $warnings.Count | Should -BeGreaterThan 0
        $problems[0] | Should -BeLike '*were handed to the network and * were not. Those after them go over a new connection.'
        # The last of them may reach the network or not.
        foreach ($told in @($problems) + $failure | Where-Object { $_ }) {
            "$told" | Should -Match 'Of this pipeline''s messages \d+ were handed to the network and [1-9]\d* were not\.'
        }
    }

    It 'gets a file from its beginning again' {
        $file = Join-Path -Path $TestDrive -ChildPath 'file.txt'
        Set-Content -LiteralPath $file -Value ('line' * 100) -NoNewline
        $mortal = Start-MortalServer
        $socket = Connect-MessageWebSocket "$address/broadcast" -AutoReconnect
        Stop-MortalServer -Mortal $mortal
        # At once, so that it may be the send that notices.
        $sending = Start-Script { Send-WsMessage -LiteralPath $args[1] -FragmentSize 100 -MessageType Utf8 -Socket $args[0] } -ArgumentList $socket, $file
        $mortal = Start-MortalServer
        try {
            Wait-Script -Started $sending
            if ($sending.Streams.Error.Count -eq 0 -and $sending.Shell.InvocationStateInfo.State -eq 'Completed') {
                (Receive-WsMessage -Socket $socket).Text | Should -BeExactly ('line' * 100)
            } else {
                # Accepted by the buffer before the loss was noticed: then it is told.
                "$($sending.Shell.InvocationStateInfo.Reason)$($sending.Streams.Error)" | Should -BeLike '*1 were not*'
            }
        } finally {
            $sending.Shell.Dispose()
            Stop-LineServer -Server $mortal
        }
    }

    It 'is made anew for the next request of a pipeline' {
        $mortal = Start-MortalServer
        $socket = Connect-MessageWebSocket "$address/echo" -AutoReconnect
        try {
            $replies = 'one', 'two' | ForEach-Object {
                if ($_ -eq 'two') {
                    Stop-MortalServer -Mortal $mortal
                    Wait-Until { $socket.State -eq 'Aborted' }
                    $mortal = Start-MortalServer
                }
                $_
            } | Invoke-WsRequest -Socket $socket -WarningVariable warnings -WarningAction SilentlyContinue
            $replies.Text | Should -Be 'one', 'two'
            $warnings | Should -HaveCount 1
        } finally {
            Stop-LineServer -Server $mortal
        }
    }
}
