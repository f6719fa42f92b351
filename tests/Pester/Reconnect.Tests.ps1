#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# What -AutoReconnect promises when a server goes away and comes back.
BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer -ArgumentList '--raw', '--tls'
    $root = [System.Security.Cryptography.X509Certificates.X509Certificate2]::CreateFromPem($server.caCertificatePem)

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

    # A socket whose server has gone.
    function Get-LostSocket {
        param([string] $Path, [hashtable] $Connect)
        $mortal = Start-MortalServer
        $socket = Connect-MessageWebSocket "$address/$Path" -AutoReconnect @Connect
        if ($Path -like 'say*') {
            (Receive-WsMessage -Socket $socket).Text | Should -Be 'hello'
        }
        Stop-MortalServer -Mortal $mortal
        Wait-Until { $socket.State -eq 'Aborted' }
        $socket
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
            $null = Connect-MessageWebSocket $args[0] -AutoReconnect -RetryIntervalSec 0.4
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

        # Half of the interval to all of it, then that to twice as long, and so on: never the same for all clients.
        $delays = $following.Streams.Verbose | ForEach-Object {
            if ("$_" -match '^Attempt (\d+) of 10 to reconnect to \S+ in ([\d.]+) s\.$') {
                [pscustomobject] @{ Attempt = [int] $Matches[1]; Seconds = [double] $Matches[2] }
            }
        }
        $delays.Count | Should -BeGreaterOrEqual 20
        foreach ($delay in $delays) {
            $longest = 0.4 * [math]::Pow(2, $delay.Attempt - 1)
            $delay.Seconds | Should -BeGreaterOrEqual ($longest / 2)
            $delay.Seconds | Should -BeLessOrEqual $longest
        }
        ($delays | Where-Object Attempt -EQ 1).Seconds | Sort-Object -Unique | Measure-Object | ForEach-Object Count |
            Should -BeGreaterThan 1
    }

    It 'is waited for by a send, which then arrives, once' {
        $socket = Get-LostSocket -Path 'broadcast' -Connect @{ Name = 'kept' }
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
        $socket = Get-LostSocket -Path 'echo' -Connect @{ MaximumRetryCount = 1 }
        $sending = Start-Script { 'lost', 'as well' | Send-WsMessage -Socket $args[0] } -ArgumentList $socket
        Wait-Script -Started $sending

        # One loss, one error: why it could not be connected again, how often that was tried, and what was not sent.
        $sending.Streams.Warning | Should -HaveCount 1
        $sending.Streams.Error | Should -HaveCount 1
        $sending.Streams.Error[0].FullyQualifiedErrorId | Should -BeLike 'CannotConnect,*'
        $sending.Streams.Error[0].ErrorDetails.Message | Should -BeLike ('*connection refused* Given up after 1 attempt to reconnect, ' +
            'as many as -MaximumRetryCount allows.*')
        $sending.Shell.Dispose()
        $again = Get-Failure { 'again' | Send-WsMessage -Socket $socket }
        $again.FullyQualifiedErrorId | Should -BeLike 'ConnectionAborted,*'
        "$again" | Should -BeLike '* Given up after 1 attempt to reconnect*'
    }

    It 'is waited for no longer than the limit of the command that waits' {
        $socket = Get-LostSocket -Path 'say?text=hello' -Connect @{ MaximumRetryCount = 1; RetryIntervalSec = 1000 }

        # The loss is news only once, and none of them uses the one attempt up.
        (Get-Streams { Receive-WsMessage -Socket $socket -DurationSeconds 0.2 }).Warning | Should -HaveCount 1
        foreach ($command in
            { Receive-WsMessage -Socket $socket -TimeoutSeconds 0.2 },
            { Receive-WsMessage -Socket $socket -Follow -TimeoutSeconds 0.2 },
            { Receive-WsMessage -Socket $socket -DurationSeconds 600 -TimeoutSeconds 0.2 },
            { 'x' | Send-WsMessage -Socket $socket -TimeoutSeconds 0.2 },
            { Invoke-WsRequest 'x' -Socket $socket -TimeoutSeconds 0.2 },
            { Measure-WsRoundTrip -Socket $socket -TimeoutSeconds 0.2 }) {
            $problem = Get-Failure $command
            $problem.FullyQualifiedErrorId | Should -BeLike 'ReconnectTimeout,*'
            "$problem" | Should -BeLike "The connection to $address/say* was lost, and could not be renewed within 0.2 s.*"
        }

        $streams = Get-Streams { Receive-WsMessage -Socket $socket -DurationSeconds 0.2 -TimeoutSeconds 600 }
        $streams.Error | Should -BeNullOrEmpty
        $streams.Warning | Should -BeNullOrEmpty
    }

    It 'has had its last attempt where the user stops that one' {
        $socket = Get-LostSocket -Path 'say?text=hello' -Connect @{ MaximumRetryCount = 1; RetryIntervalSec = 0.01 }

        # Takes the connection, and says nothing.
        $silent = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, $port)
        $silent.Start()
        try {
            $receiving = Start-Script { Receive-WsMessage -Socket $args[0] } -ArgumentList $socket
            $accepting = $silent.AcceptTcpClientAsync()
            $accepting.Wait($patience) | Should -BeTrue
            Stop-Script -Started $receiving
            foreach ($next in { Receive-WsMessage -Socket $socket }, { 'x' | Send-WsMessage -Socket $socket }) {
                $streams = Get-Streams {
                    $VerbosePreference = 'Continue'
                    try { & $next } catch { Write-Error -ErrorRecord $_ }
                }
                "$($streams.Error)" | Should -BeLike '*Given up after 1 attempt to reconnect, as many as -MaximumRetryCount allows.*'
                $streams.Verbose -like 'Attempt*' | Should -BeNullOrEmpty
            }
            $silent.Pending() | Should -BeFalse
        } finally {
            $receiving.Shell.Dispose()
            if ($accepting.IsCompletedSuccessfully) {
                $accepting.Result.Dispose()
            }
            $silent.Stop()
        }
    }

    It 'is reconnected to by commands whose limits are all shorter than the time before the attempt' {
        $socket = Get-LostSocket -Path 'say?text=hello' -Connect @{ RetryIntervalSec = 2 }
        $mortal = Start-MortalServer
        try {
            # A wait that began anew with each of them would never end.
            Wait-Until {
                (Receive-WsMessage -Socket $socket -TimeoutSeconds 0.3 -ErrorAction Ignore -WarningAction Ignore).Text -eq 'hello'
            }
        } finally {
            Stop-LineServer -Server $mortal
        }
    }

    It 'holds up none of the other sockets that are received from' {
        $lost = Get-LostSocket -Path 'echo' -Connect @{ RetryIntervalSec = 60 }
        $live = Connect-MessageWebSocket "$($server.raw)echo"

        # Each message is asked for by the one before it, and the last one ends the wait for the connection, too.
        Send-WsMessage '1' -Socket $live
        $received = Receive-WsMessage -Socket $lost, $live -Count 5 -TimeoutSeconds 30 -WarningVariable warnings 3> $null |
            ForEach-Object {
                $_.Text
                Send-WsMessage "$(1 + $_.Text)" -Socket $live
            }

        $received | Should -Be '1', '2', '3', '4', '5'
        $warnings | Should -HaveCount 1
        $warnings[0] | Should -BeLike '*Reconnecting.'
        (Receive-WsMessage -Socket $live).Text | Should -Be '6'
    }

    It 'is reconnected to between the attempts at another, which stays away' {
        $gone = Start-WsEchoServer
        $away = Connect-MessageWebSocket $gone.Uri -AutoReconnect -RetryIntervalSec 1
        $back = Get-LostSocket -Path 'say?text=hello' -Connect @{ RetryIntervalSec = 1 }
        Stop-WsEchoServer -Server $gone
        Wait-Until { $away.State -eq 'Closed' }
        $mortal = Start-MortalServer
        try {
            $received = Receive-WsMessage -Socket $away, $back -TimeoutSeconds 30 -WarningAction SilentlyContinue
        } finally {
            Stop-MortalServer -Mortal $mortal
        }

        $received.Text | Should -Be 'hello'
    }

    It 'is waited for as long as -TimeoutSeconds says after the last message of the others, and no longer where these end' {
        $lost = Get-LostSocket -Path 'echo' -Connect @{ RetryIntervalSec = 60 }
        $live = Connect-MessageWebSocket "$($server.raw)echo"
        Send-WsMessage 'last' -Socket $live
        $received = Receive-WsMessage -Socket $lost, $live -Count 5 -TimeoutSeconds 1 -ErrorVariable errors -ErrorAction SilentlyContinue `
            -WarningAction SilentlyContinue |
            ForEach-Object {
                $_.Text
                Close-MessageWebSocket -Socket $live
            }

        $received | Should -Be 'last'
        $errors.FullyQualifiedErrorId | Should -BeLike 'ReconnectTimeout,*'
        $errors[0].TargetObject | Should -Be $lost
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

    It 'again and again is waited for no longer than -TimeoutSeconds says, whatever comes meanwhile that is not emitted' {
        foreach ($fault in 'reset-after-messages', 'reserved-bit-1') {
            $socket = Connect-MessageWebSocket $server.faults.$fault -AutoReconnect -MaximumRetryCount 100000 -RetryIntervalSec 0.01
            $receiving = Start-Script {
                Receive-WsMessage -Socket $args[0] -Filter { $false } -TimeoutSeconds 0.5 -WarningAction SilentlyContinue
            } -ArgumentList $socket
            Wait-Script -Started $receiving
            $receiving.Streams.Error | Should -HaveCount 1
            $receiving.Streams.Error[0].FullyQualifiedErrorId | Should -Match '^(ReceiveTimeout|ReconnectTimeout),'
            $receiving.Shell.Dispose()
            Close-MessageWebSocket -Socket $socket -WarningAction SilentlyContinue
        }
    }

    It 'again and again is waited for by a send no longer than -TimeoutSeconds says' {
        # More than any buffer takes, so that each connection breaks before the message is sent.
        $socket = Connect-MessageWebSocket $server.faults.'reset-while-client-sends' -AutoReconnect -MaximumRetryCount 100000 `
            -RetryIntervalSec 0.01
        $sending = Start-Script {
            Send-WsMessage ([byte[]]::new(16MB)) -Socket $args[0] -FragmentSize 64KB -TimeoutSeconds 0.5 -WarningAction SilentlyContinue
        } -ArgumentList $socket
        Wait-Script -Started $sending
        $failures = @($sending.Streams.Error.FullyQualifiedErrorId) + $sending.Shell.InvocationStateInfo.Reason.ErrorRecord
        -join $failures | Should -Match '^(SendTimeout|ReconnectTimeout),'
        $sending.Shell.Dispose()
        Close-MessageWebSocket -Socket $socket -WarningAction SilentlyContinue
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
            $common = @{ WarningVariable = 'warnings'; ErrorVariable = 'problems' }
            1..40 | ForEach-Object { , $big } |
                Send-WsMessage -Socket $socket @common -WarningAction SilentlyContinue -ErrorAction SilentlyContinue
        } catch {
            $_
        }
        $warnings.Count | Should -BeGreaterThan 0
        $problems[0] | Should -BeLike '*handed to the network* and * w* not. Those after them go over a new connection.'
        $problems[0] | Should -Not -BeLike '*Connect again*'
        $problems[0].ErrorDetails.RecommendedAction | Should -Be '-AutoReconnect is on: the next command goes over a new connection.'
        # The last of them may reach the network or not.
        $writtenBefore = $lostBefore = 0
        foreach ($told in @($problems) + $failure | Where-Object { $_ } | ForEach-Object { "$_" } | Select-Object -Unique) {
            $told -match ('Of this pipeline''s messages (\d+) (?:was|were) handed to the network' +
                '(?:, (\d+) may have been, in a write that failed,)? and (\d+) (?:was|were) not\.') | Should -BeTrue -Because $told
            # They count the whole pipeline, over all its connections.
            $written, $lost = [int] $Matches[1], ([int] $Matches[2] + [int] $Matches[3])
            $lost | Should -BeGreaterThan 0
            $written | Should -BeGreaterOrEqual $writtenBefore
            $lost | Should -BeGreaterOrEqual $lostBefore
            $writtenBefore, $lostBefore = $written, $lost
        }
        $writtenBefore + $lostBefore | Should -BeLessOrEqual 40
    }

    It 'for half a message is made anew, whatever the server answers to the close: <Answer>' -TestCases @(
        @{ Answer = 'a close frame'; Uri = { Get-Address -Path 'sink' } }
        @{ Answer = 'nothing'; Uri = { $server.faults.'never-answers-close' } }
        @{ Answer = 'a reset'; Uri = { $server.faults.'reset-on-close' } }
    ) {
        $cut, $next = 'cut.bin', 'next.txt' | ForEach-Object { Join-Path -Path $TestDrive -ChildPath $_ }
        Set-Content -LiteralPath $next -Value 'next'
        $common = @{ FragmentSize = 1MB; ErrorVariable = 'problems'; ErrorAction = 'SilentlyContinue' }
        $common += @{ WarningVariable = 'warnings'; WarningAction = 'SilentlyContinue' }

        # In one pipeline, and by the next command.
        foreach ($files in ($cut, $next), $cut) {
            $socket = Connect-MessageWebSocket (& $Uri) -AutoReconnect -RetryIntervalSec 0.01 -Name "half-$(@($files).Count)"
            $stream = [System.IO.FileStream]::new($cut, 'Create', 'ReadWrite', 'ReadWrite')
            try {
                # More than what waits on the way: a frame is told before the last of them is read.
                $stream.SetLength(64MB)
                Send-WsMessage -LiteralPath $files -Socket $socket @common -Debug 5>&1 | ForEach-Object {
                    if ($stream.Length -gt 0) {
                        $stream.SetLength(0)
                    }
                }
            } finally {
                $stream.Dispose()
            }
            $problems | Should -HaveCount 1
            "$problems" | Should -BeLike '*so the connection was closed; the next one goes over a new connection.'
            if ($files -is [string]) {
                Send-WsMessage -LiteralPath $next -Socket $socket @common
                $problems | Should -BeNullOrEmpty
            }
            $warnings | Should -BeLike 'Lost the connection: A message to * was cut off, so it was closed. Reconnecting.'
            $made = Get-MessageWebSocket -Name $socket.Name
            $made.Id | Should -BeGreaterThan $socket.Id
            $made.Sent | Should -Be 1
        }
    }

    It 'gets a file from its beginning again' {
        $file = Join-Path -Path $TestDrive -ChildPath 'file.txt'
        Set-Content -LiteralPath $file -Value ('line' * 100) -NoNewline
        $mortal = Start-MortalServer
        $socket = Connect-MessageWebSocket "$address/broadcast" -AutoReconnect
        Stop-MortalServer -Mortal $mortal
        # At once, so that it may be the send that notices.
        $sending = Start-Script {
            Send-WsMessage -LiteralPath $args[1] -FragmentSize 100 -MessageType Utf8 -Socket $args[0]
        } -ArgumentList $socket, $file
        $mortal = Start-MortalServer
        try {
            Wait-Script -Started $sending
            if ($sending.Streams.Error.Count -eq 0 -and $sending.Shell.InvocationStateInfo.State -eq 'Completed') {
                (Receive-WsMessage -Socket $socket).Text | Should -BeExactly ('line' * 100)
            } else {
                # Accepted by the buffer before the loss was noticed: then it is told.
                "$($sending.Shell.InvocationStateInfo.Reason)$($sending.Streams.Error)" | Should -BeLike '*1 was not*'
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

Describe 'Retry-After' {
    BeforeAll {
        # The server's side: answers the next connection with a text once it has read a request.
        function Send-Answer {
            param([string] $Status, [string] $Header, [string] $Body = '')

            $accepting = $listening.AcceptTcpClientAsync()
            if (-not $accepting.Wait($patience)) {
                throw 'Nobody connected.'
            }
            $client = $accepting.Result
            $reader = [System.IO.StreamReader]::new($client.GetStream())
            $key = do {
                $line = $reader.ReadLine()
                if ($line -match '^Sec-WebSocket-Key: (.+)$') {
                    $Matches[1]
                }
            } while ($line)
            $accept = [Convert]::ToBase64String([System.Security.Cryptography.SHA1]::HashData(
                [System.Text.Encoding]::ASCII.GetBytes("${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11")))
            $answer = "HTTP/1.1 $Status`r`n$($Header.Replace('ACCEPT', $accept))`r`nContent-Length: $($Body.Length)`r`n`r`n$Body"
            $client.GetStream().Write([System.Text.Encoding]::ASCII.GetBytes($answer))
            $client.Dispose()
        }
    }

    BeforeEach {
        $listening = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
        $listening.Start()
        $own = "ws://127.0.0.1:$($listening.LocalEndpoint.Port)/"
    }

    AfterEach { $listening.Stop() }

    It 'of <Status> is waited for by -MaximumRetryCount' -TestCases @(
        @{ Status = '503 Service Unavailable' }
        @{ Status = '429 Too Many Requests' }
    ) {
        $connecting = Start-Script {
            Connect-MessageWebSocket $args[0] -MaximumRetryCount 3 -RetryIntervalSec 0.01 -Verbose
        } -ArgumentList $own
        Send-Answer -Status $Status -Header 'Retry-After: 7'
        Wait-Until { @($connecting.Streams.Verbose) -like '*Trying again in 7.0 s.' }
        Stop-Script -Started $connecting
        $connecting.Shell.Dispose()
    }

    It 'is told alike in every culture' {
        # The thread is that of the script alone.
        $connecting = Start-Script {
            [cultureinfo]::CurrentCulture = [cultureinfo]::GetCultureInfo('de-DE')
            Connect-MessageWebSocket $args[0] -MaximumRetryCount 3 -RetryIntervalSec 0.01 -Verbose
        } -ArgumentList $own
        Send-Answer -Status '503 Service Unavailable' -Header 'Retry-After: 7'
        Wait-Until { @($connecting.Streams.Verbose) -like '*Trying again in *' }
        @($connecting.Streams.Verbose) -like '*Trying again in 7.0 s.' | Should -HaveCount 1
        Stop-Script -Started $connecting
        $connecting.Shell.Dispose()
    }

    It 'in a number that no timer takes is waited for as long as one can' {
        $connecting = Start-Script {
            Connect-MessageWebSocket $args[0] -MaximumRetryCount 3 -RetryIntervalSec 0.01 -Verbose
        } -ArgumentList $own
        Send-Answer -Status '503 Service Unavailable' -Header 'Retry-After: 99999999999'
        Wait-Until { @($connecting.Streams.Verbose) -like '*Trying again in 2147483.6 s.' }
        Stop-Script -Started $connecting
        $connecting.Shell.Dispose()
    }

    It 'may be a date' {
        $connecting = Start-Script {
            Connect-MessageWebSocket $args[0] -MaximumRetryCount 3 -RetryIntervalSec 0.01 -Verbose
        } -ArgumentList $own
        Send-Answer -Status '503 Service Unavailable' -Header "Retry-After: $([datetime]::UtcNow.AddSeconds(1000).ToString('r'))"
        Wait-Until { @($connecting.Streams.Verbose) -match 'Trying again in (9\d\d|1000)\.\d s\.$' }
        Stop-Script -Started $connecting
        $connecting.Shell.Dispose()
    }

    It 'comes with a body that <Cmdlet> tells whole under -Verbose, with visible escapes and without secrets' -TestCases @(
        @{
            Cmdlet = 'Connect-MessageWebSocket'
            Script = { Connect-MessageWebSocket $args[0] -Headers @{ Authorization = 'Bearer tok-9f27' } -Verbose }
        }
        @{
            Cmdlet = 'Test-WsEndpoint'
            Script = { Test-WsEndpoint $args[0] -Headers @{ Authorization = 'Bearer tok-9f27' } -AllowUnencryptedAuthentication -Verbose }
        }
    ) {
        $connecting = Start-Script $Script -ArgumentList $own
        Send-Answer -Status '503 Service Unavailable' -Header 'Retry-After: 7' -Body "first`n$('x' * 1000)`e[2Jlast Bearer tok-9f27"
        Wait-Until { "$($connecting.Streams.Verbose)".Contains("The body of the answer: first`n$('x' * 1000)\u001b[2Jlast ...") }
        "$($connecting.Streams.Verbose)" | Should -Not -Match 'tok-9f27'
        Stop-Script -Started $connecting
        $connecting.Shell.Dispose()
    }

    It 'is waited for by a reconnect' {
        $connecting = Start-Script {
            $null = Connect-MessageWebSocket $args[0] -AutoReconnect -RetryIntervalSec 0.01
            Receive-WsMessage -Follow -Verbose
        } -ArgumentList $own
        Send-Answer -Status '101 Switching Protocols' -Header "Upgrade: websocket`r`nConnection: Upgrade`r`nSec-WebSocket-Accept: ACCEPT"
        Send-Answer -Status '503 Service Unavailable' -Header 'Retry-After: 7' -Body 'back at noon'
        Wait-Until { @($connecting.Streams.Verbose) -like 'Attempt 2 of 10 to reconnect to * in 7.0 s.' }
        @($connecting.Streams.Verbose) -like 'The body of the answer: back at noon' | Should -HaveCount 1
        Stop-Script -Started $connecting
        $connecting.Shell.Dispose()
    }
}

Describe 'What was demanded of a server' {
    BeforeAll {
        # A handler in C#: the question comes on a thread without a runspace.
        $references = [MessageWebSockets.MessageWebSocket].Assembly.Location, 'System.Runtime', 'System.Collections',
            'System.Security.Cryptography'
        Add-Type -ReferencedAssemblies $references -TypeDefinition @'
            public static class Judge
            {
                public static int Asked;
                public static bool Refuses;

                public static void Ask(
                    MessageWebSockets.MessageWebSocket sender, MessageWebSockets.WebSocketServerCustomValidationRequestedEventArgs args)
                {
                    Asked++;
                    if (Refuses) { args.Reject(); }
                }

                public static void Join(MessageWebSockets.MessageWebSocket socket) => socket.ServerCustomValidationRequested += Ask;
            }
'@
        $leaving = "$(Get-Address -Path 'close' -Secure)?code=1012"
    }

    BeforeEach {
        [Judge]::Asked = 0
        [Judge]::Refuses = $false
    }

    AfterEach { Close-EverySocket }

    It 'by a handler of ServerCustomValidationRequested is asked again, and refuses the reconnect' {
        $socket = New-MessageWebSocket -TrustedRoot $root
        [Judge]::Join($socket)
        $null = Connect-MessageWebSocket $leaving -Socket $socket -AutoReconnect -RetryIntervalSec 0.01
        [Judge]::Asked | Should -Be 1
        [Judge]::Refuses = $true
        $streams = Get-Streams { Receive-WsMessage -Socket $socket -Follow }
        [Judge]::Asked | Should -Be 2
        $streams.Error | Should -HaveCount 1
        $streams.Error[0].FullyQualifiedErrorId | Should -BeLike 'CertificateIsInvalid,*'
        (Get-MessageWebSocket).State | Should -Not -Contain 'Open'
        (Get-Failure { Send-WsMessage 'secret' -Socket $socket }).FullyQualifiedErrorId | Should -BeLike 'ConnectionClosed,*'
        [Judge]::Asked | Should -Be 2
    }

    It 'by -CertificateValidation is asked once for each connection' {
        $asked = [System.Collections.Generic.List[int]]::new()
        $socket = Connect-MessageWebSocket $leaving -TrustedRoot $root -AutoReconnect -RetryIntervalSec 0.01 -CertificateValidation {
            $asked.Add(1)
            $asked.Count -lt 3
        }
        $streams = Get-Streams { Receive-WsMessage -Socket $socket }
        $asked.Count | Should -Be 3
        $streams.Warning | Should -HaveCount 2
        $streams.Error[0].FullyQualifiedErrorId | Should -BeLike 'CertificateIsInvalid,*'
    }

    It 'by <Demand> holds for the reconnect' -TestCases @(
        @{ Demand = '-PinnedCertificateSha256'; With = { @{ PinnedCertificateSha256 = $certificate.GetCertHashString('SHA256') } } }
        @{ Demand = '-TrustedRoot'; With = { @{ } } }
        @{ Demand = '-Headers'; With = { @{ Headers = @{ 'X-A' = 'b' } } } }
        @{ Demand = '-SslProtocol'; With = { @{ SslProtocol = 'Tls13' } } }
    ) {
        $probe = Connect-MessageWebSocket (Get-Address -Path 'echo' -Secure) -TrustedRoot $root
        $certificate = $probe.Information.ServerCertificate
        $with = & $With
        $socket = Connect-MessageWebSocket $leaving -TrustedRoot $root -AutoReconnect -MaximumRetryCount 1 -RetryIntervalSec 0.01 @with
        $null = Get-Streams { Receive-WsMessage -Socket $socket }
        $made = (Get-MessageWebSocket)[-1]
        $made.Id | Should -Not -Be $socket.Id
        $made.Control.PinnedCertificateSha256 | Should -Be $socket.Control.PinnedCertificateSha256
        $made.Control.TrustedRoots.Thumbprint | Should -Be $root.Thumbprint
        $made.Control.SslProtocols | Should -Be $socket.Control.SslProtocols
    }
}
