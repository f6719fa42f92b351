#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer -ArgumentList '--raw'
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe 'Close-MessageWebSocket' {
    AfterEach { Close-EverySocket }

    It 'closes the only open socket and forgets it' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        Close-MessageWebSocket
        $socket.State | Should -Be 'Closed'
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }

    It 'sends -Code and -Reason' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        Close-MessageWebSocket -Code 4001 -Reason 'done here'
        $socket.CloseCode | Should -Be 4001
    }

    It 'sends an empty close frame without -Code' {
        $said = (Get-Streams {
            $DebugPreference = 'Continue'
            Connect-MessageWebSocket (Get-Address -Path 'echo') | Close-MessageWebSocket
        }).Debug -join "`n"
        $said | Should -BeLike '*sent close 0 B fin*'
    }

    It 'sends code 1000 with a -Reason alone' {
        $said = (Get-Streams {
            $DebugPreference = 'Continue'
            Connect-MessageWebSocket (Get-Address -Path 'echo') | Close-MessageWebSocket -Reason 'bye'
        }).Debug -join "`n"
        $said | Should -BeLike '*sent close 5 B fin*'
    }

    It 'refuses code <Code> before anything is sent' -TestCases @(
        @{ Code = 0 }, @{ Code = 999 }, @{ Code = 1004 }, @{ Code = 1005 }, @{ Code = 1006 }, @{ Code = 1015 }, @{ Code = 1016 },
        @{ Code = 2999 }, @{ Code = 5000 }, @{ Code = 65536 }, @{ Code = -1 }
    ) {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        $failure = Get-Failure { Close-MessageWebSocket -Code $Code }
        $failure.FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentValidationError,*'
        "$failure" | Should -BeLike '*cannot be sent*3000 to 4999*'
        $socket.State | Should -Be 'Open'
    }

    It 'takes code <Code>' -TestCases @(
        @{ Code = 1000 }, @{ Code = 1003 }, @{ Code = 1007 }, @{ Code = 1014 }, @{ Code = 3000 }, @{ Code = 4999 }
    ) {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        Close-MessageWebSocket -Code $Code -WarningAction Stop
        $socket.CloseCode | Should -Be $Code
    }

    It 'counts a reason in bytes' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        "$(Get-Failure { Close-MessageWebSocket -Code 1000 -Reason ('é' * 62) })" | Should -BeLike '*124 bytes*'
        $socket.State | Should -Be 'Open'
        Close-MessageWebSocket -Code 1000 -Reason ('é' * 61)
        $socket.State | Should -Be 'Closed'
    }

    It 'completes codes with their meaning' {
        $matching = (TabExpansion2 'Close-MessageWebSocket -Code 101').CompletionMatches
        $matching.CompletionText | Should -Contain '1011'
        ($matching | Where-Object CompletionText -EQ '1011').ToolTip | Should -Be 'internal error'
    }

    It 'closes several from the pipeline, and emits them with -PassThru' {
        $sockets = 1..3 | ForEach-Object { Connect-MessageWebSocket (Get-Address -Path 'echo') }
        $closed = Get-MessageWebSocket | Close-MessageWebSocket -PassThru
        $closed | Should -Be $sockets
        $closed.State | Select-Object -Unique | Should -Be 'Closed'
    }

    It 'emits nothing without -PassThru' {
        Connect-MessageWebSocket (Get-Address -Path 'echo') | Close-MessageWebSocket | Should -BeNullOrEmpty
    }

    It 'takes names' {
        $null = 'a', 'b' | ForEach-Object { Connect-MessageWebSocket (Get-Address -Path 'echo') -Name $_ }
        Close-MessageWebSocket -Socket b
        (Get-MessageWebSocket).Name | Should -Be 'a'
        Close-MessageWebSocket -Socket nobody -ErrorAction Stop -WarningVariable warning -WarningAction SilentlyContinue
        $warning | Should -HaveCount 1
        "$warning" | Should -BeLike "*no socket named 'nobody'*Its sockets: a*"
        (Get-MessageWebSocket).State | Should -Be 'Open'
    }

    It 'refuses to guess among several' {
        $null = 1..2 | ForEach-Object { Connect-MessageWebSocket (Get-Address -Path 'echo') }
        (Get-Failure { Close-MessageWebSocket }).FullyQualifiedErrorId |
            Should -BeExactly 'SeveralOpenSockets,MessageWebSockets.PowerShell.CloseMessageWebSocketCommand'
    }

    It 'has nothing to close in an empty session' {
        Close-MessageWebSocket -ErrorAction Stop -WarningAction Stop
        Get-MessageWebSocket | Close-MessageWebSocket -ErrorAction Stop
    }

    It 'closes nothing where there is nothing, and says nothing: <Case>' -TestCases @(
        @{ Case = 'a variable without a socket'; Command = { Close-MessageWebSocket -Socket $null } }
        @{ Case = 'one from the pipeline'; Command = { $null | Close-MessageWebSocket } }
        @{ Case = 'one beside others'; Command = { Close-MessageWebSocket -Socket $null, (New-MessageWebSocket), $null } }
        @{ Case = 'an empty list'; Command = { Close-MessageWebSocket -Socket @() } }
    ) {
        # Which is not what these mean.
        $other = Connect-MessageWebSocket (Get-Address -Path 'echo')
        & $Command -ErrorAction Stop -WarningAction Stop | Should -BeNullOrEmpty
        $other.State | Should -Be 'Open'
    }

    It 'never hides the error that led to it: <Form>' -TestCases @(
        @{ Form = 'without a parameter'; Command = { try { $ws = Connect-MessageWebSocket $refused } finally { Close-MessageWebSocket } } }
        @{
            Form = 'a variable'
            Command = { $ws = $null; try { $ws = Connect-MessageWebSocket $refused } finally { Close-MessageWebSocket $ws } }
        }
        @{
            Form = 'a variable by pipeline'
            Command = { $ws = $null; try { $ws = Connect-MessageWebSocket $refused } finally { $ws | Close-MessageWebSocket } }
        }
        @{ Form = 'a name'; Command = {
            try { Connect-MessageWebSocket $refused -Name 'feed' } finally { Close-MessageWebSocket feed -WarningAction SilentlyContinue }
        } }
    ) {
        $refused = $server.faults.'refused-port'
        (Get-Failure $Command).FullyQualifiedErrorId | Should -BeLike 'CannotConnect,*'
    }

    It 'closes all it was given within its limit, also when the pipeline ends before' {
        $silent = 1..3 | ForEach-Object { Connect-MessageWebSocket $server.faults.'never-answers-close' }
        Close-MessageWebSocket -Socket $silent -TimeoutSeconds 0.5 -PassThru -WarningAction SilentlyContinue | Select-Object -First 1 |
            Should -Be $silent[0]
        Wait-Until { -not ($silent.State -ne 'Aborted' -ne 'Closed') }
        $silent = 1..3 | ForEach-Object { Connect-MessageWebSocket $server.faults.'never-answers-close' }
        # The first warning ends it.
        $null = Get-Failure { $silent | Close-MessageWebSocket -TimeoutSeconds 0.5 -WarningAction Stop }
        Wait-Until { -not ($silent.State -ne 'Aborted' -ne 'Closed') }
    }

    It 'closes a closed one without an error' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        Close-MessageWebSocket -Socket $socket
        Close-MessageWebSocket -Socket $socket -ErrorAction Stop -WarningAction Stop
        $ended = Connect-MessageWebSocket (Get-Address -Path 'close?code=1001')
        $null = Get-Failure { Receive-WsMessage -Socket $ended }
        Close-MessageWebSocket -ErrorAction Stop -WarningAction Stop
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }

    It 'closes one that never connected' {
        New-MessageWebSocket | Close-MessageWebSocket -PassThru | ForEach-Object State | Should -Be 'Closed'
    }

    It 'has the whole time for a socket that the pipeline brings when that of another is over' {
        $silent = Connect-MessageWebSocket $server.faults.'never-answers-close' -Name 'silent'
        $late = Connect-MessageWebSocket (Get-Address -Path 'echo') -Name 'late'
        & {
            $silent
            Wait-Until { $silent.State -in 'Aborted', 'Closed' }
            $late
        } | Close-MessageWebSocket -Code 1000 -TimeoutSeconds 3 -WarningVariable warning -WarningAction SilentlyContinue
        $warning | Should -HaveCount 1
        $warning[0] | Should -BeLike 'silent did not answer the close within 3 s*'
        $late.CloseCode | Should -Be 1000
    }

    It 'gives up on a dead peer after -TimeoutSeconds, all dead peers together' {
        $dead = 1..5 | ForEach-Object { Connect-MessageWebSocket $server.faults.'never-answers-close' }
        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        $dead | Close-MessageWebSocket -TimeoutSeconds 1 -WarningVariable warning -WarningAction SilentlyContinue
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 4
        $warning | Should -HaveCount 5
        $warning[0] | Should -BeLike '*did not answer the close within 1 s*dropped*'
        $failure = Get-Failure { Send-WsMessage 'x' -Socket $dead[0] }
        "$failure" | Should -BeLike '*did not answer the close frame within 1 s. The connection was dropped.'
        $failure.ErrorDetails.RecommendedAction | Should -Not -BeLike '*-KeepAliveTimeoutSeconds*'
        $dead.State | Should -Not -Contain 'Open'
        { Close-MessageWebSocket -TimeoutSeconds -1 } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
    }

    It 'says what a request and a close leave unsent at a server that does not read' {
        $socket = Connect-MessageWebSocket $server.faults.'stops-reading' -SendBufferSize 4096
        # What the server says first is no reply.
        Wait-Until { $socket.Queued -eq 2 }
        $failure = Get-Failure { Invoke-WsRequest ([byte[]]::new(8MB)) -Socket $socket -TimeoutSeconds 0.5 }
        $failure.FullyQualifiedErrorId | Should -BeLike 'ReplyTimeout,*'
        "$failure" | Should -BeLike '*The request, or the end of it, still waits until the server reads*'
        $warning = (Get-Streams { Close-MessageWebSocket -Socket $socket -TimeoutSeconds 0.1 }).Warning
        "$warning" | Should -BeLike '*dropped, and with it 1 message that had not left.'
    }

    It 'tells a notification that waits in the send buffer from a request that was given up' {
        $socket = Connect-MessageWebSocket $server.faults.'stops-reading' -SendBufferSize 4096
        Wait-Until { $socket.Queued -eq 2 }
        $streams = Get-Streams {
            Invoke-WsRequest -JsonRpc log -Params @{ text = 'x' * 8MB } -NoReply -Socket $socket -TimeoutSeconds 0.5
        }
        $streams.Error | Should -BeNullOrEmpty
        "$($streams.Warning)" | Should -BeLike '1 of 1 messages still wait for * to read; they go out when it does.'

        # This one waits behind it, and fills the buffer: the next has no place, and never leaves.
        $null = Get-Streams {
            Invoke-WsRequest -JsonRpc log -Params @{ text = 'x' * 2MB } -NoReply -Socket $socket -TimeoutSeconds 0.1
        }
        $failure = Get-Failure { Invoke-WsRequest 'stop' -Socket $socket -TimeoutSeconds 0.1 }
        $failure.FullyQualifiedErrorId | Should -BeLike 'SendTimeout,*'
        "$failure" | Should -BeLike '*This message was not sent, and the connection is still open.'
        $failure.TargetObject | Should -BeExactly 'stop'
        $socket.Information.MessagesSent | Should -Be 2
        Close-MessageWebSocket -Socket $socket -TimeoutSeconds 0.1 -WarningAction SilentlyContinue
    }

    It 'lets a server that reads slowly have all that was sent before the close' {
        $listener = [System.Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
        # A small window, so that its system takes no more at a time than it reads.
        $listener.Server.ReceiveBufferSize = 16KB
        $listener.Start()
        $slow = Start-ThreadJob {
            $client = ($using:listener).AcceptTcpClient()
            $stream = $client.GetStream()
            $head = ''
            while ($head -notlike "*`r`n`r`n") {
                $head += [char] $stream.ReadByte()
            }

            $key = $head -replace '(?s).*Sec-WebSocket-Key: (\S+).*', '$1'
            $digest = [System.Security.Cryptography.SHA1]::HashData([System.Text.Encoding]::ASCII.GetBytes(
                    "${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
            $stream.Write([System.Text.Encoding]::ASCII.GetBytes("HTTP/1.1 101 Switching Protocols`r`nUpgrade: websocket`r`n" +
                    "Connection: Upgrade`r`nSec-WebSocket-Accept: $([Convert]::ToBase64String($digest))`r`n`r`n"))
            # Its pace is the condition under test: all of it takes longer than the close may wait for an answer.
            $buffer = [byte[]]::new(16KB)
            $total = 0
            do {
                $read = $stream.Read($buffer, 0, $buffer.Length)
                $total += $read
                [System.Threading.Thread]::Sleep(20)
            } while ($read -gt 0 -and $total -lt 2MB + 14 + 6)

            # Unmasked, without a code.
            $stream.Write([byte[]] (0x88, 0))
            $client.Dispose()
            $total
        }
        try {
            $socket = Connect-MessageWebSocket "ws://$($listener.LocalEndpoint)/"
            Send-WsMessage ([byte[]]::new(2MB)) -Socket $socket
            (Get-Streams { Close-MessageWebSocket -Socket $socket -TimeoutSeconds 1 }).Warning | Should -BeNullOrEmpty
            $slow | Receive-Job -Wait | Should -Be (2MB + 14 + 6)
            $socket.CloseCode | Should -Be 1005
        } finally {
            $listener.Stop()
            $slow | Remove-Job -Force
        }
    }

    It 'waits longer than five seconds when it is told to' {
        $socket = Connect-MessageWebSocket $server.faults.'never-answers-close'
        Close-MessageWebSocket -Socket $socket -TimeoutSeconds 6 -WarningVariable warning -WarningAction SilentlyContinue
        $warning[0] | Should -BeLike '*within 6 s*'
    }

    It 'leaves the method of the socket its own limit' {
        $socket = New-MessageWebSocket
        $socket.Control.CloseTimeout.TotalSeconds | Should -Be 5
        $socket.Dispose()
    }

    It 'shows that it waits for a slow server' {
        $socket = Connect-MessageWebSocket $server.faults.'never-answers-close' -Name slow
        $shell = [powershell]::Create().AddScript(
            'Import-Module $args[0]; Close-MessageWebSocket -Socket $args[1] -TimeoutSeconds 3').AddArgument(
                "$repository/WebSocket.psd1").AddArgument($socket)
        $null = $shell.Invoke()
        $shown = $shell.Streams.Progress.Where({ $_.Activity -eq 'Closing slow' })
        $shown[0].StatusDescription | Should -Be 'Waiting for the server to answer'
        $shown[-1].RecordType | Should -Be 'Completed'
        $shell.Dispose()
    }

    It 'leaves unread messages readable through the object' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'say?text=one&text=two')
        Wait-Queued -Socket $socket -Count 2
        Close-MessageWebSocket
        (Receive-WsMessage -Socket $socket -All).Text | Should -Be 'one', 'two'
    }

    It 'says how much a full inbox had no room for on the way to the answer: <Mode>' -TestCases @(
        @{ Mode = 'Wait'; Warnings = 1 }
        @{ Mode = 'DropOldest'; Warnings = 0 }
    ) {
        param($Mode, $Warnings)
        $socket = Connect-MessageWebSocket (Get-Address -Path 'flood?count=20000&size=100') -InboxLimit 10000 -InboxFullMode $Mode
        Wait-Until { $socket.Information.MessagesQueued -ge 50 }
        Close-MessageWebSocket -WarningVariable warned -WarningAction SilentlyContinue
        $warned | Should -HaveCount $Warnings
        @(Receive-WsMessage -Socket $socket -All).Count | Should -BeGreaterThan 0
        if ($Warnings) {
            # How much that is depends on when the server reads the close.
            $dropped = $socket.Information.MessagesDropped
            $dropped | Should -BeGreaterThan 1
            "$warned" | Should -BeLike "$dropped messages that 127.0.0.1 sent before * no room in the inbox *"
        }
    }

    It 'asks with -Confirm, and with $ConfirmPreference unless -Confirm says no' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        # In a host where nobody can answer.
        $shell = [powershell]::Create().AddScript('Import-Module $args[0]; Close-MessageWebSocket -Socket $args[1] -Confirm').AddArgument(
            "$repository/WebSocket.psd1").AddArgument($socket)
        $shell.Invoke() | Should -BeNullOrEmpty
        $shell.HadErrors | Should -BeTrue
        $shell.Dispose()
        $socket.State | Should -Be 'Open'
        $ConfirmPreference = 'Low'
        Close-MessageWebSocket -Socket $socket -Confirm:$false
        $socket.State | Should -Be 'Closed'
    }

    It 'does nothing with -WhatIf' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        Close-MessageWebSocket -WhatIf
        $socket.State | Should -Be 'Open'
        $WsSession.Sockets | Should -Be $socket
    }
}
