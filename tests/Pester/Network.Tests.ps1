#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# Each cmdlet that waits, over networks that are bad and over networks that break: nothing lost, nothing hung, the right error. What
# is broken when is said by the messages: see NetworkRelay of tests/TestServer.

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer -ArgumentList '--network'

    function Get-NetworkAddress {
        param([string] $Network, [string] $Path = 'echo')

        $server.networks.$Network + $Path
    }
}

AfterAll {
    Close-EverySocket
    Stop-LineServer -Server $server
}

Describe 'Each cmdlet that waits' {
    AfterEach {
        Close-EverySocket
    }

    Context 'over a network that is <Network>' -ForEach @(
        @{ Network = 'far' }
        @{ Network = 'narrow' }
        @{ Network = 'byteByByte' }
    ) {
        It 'Connect- opens, and Close- ends in order' {
            $ws = Connect-MessageWebSocket (Get-NetworkAddress $Network)
            $closed = Close-MessageWebSocket -Socket $ws -Code 1000 -Reason 'done' -TimeoutSeconds 30 -PassThru

            $closed.State | Should -Be 'Closed'
            $closed.CloseCode | Should -Be 1000
        }

        It 'Send- and Receive- bring every message whole and in order' {
            Connect-MessageWebSocket (Get-NetworkAddress $Network) | Out-Null
            $sent = 1..20 | ForEach-Object { "message $_ " + 'ä' * (10 * $_) }
            $sent | Send-WsMessage
            $received = Receive-WsMessage -Count 20 -Raw

            $received | Should -BeExactly $sent
        }

        It 'Invoke- has the reply to its request' {
            Connect-MessageWebSocket (Get-NetworkAddress $Network 'rpc') | Out-Null

            1..3 | ForEach-Object { Invoke-WsRequest -JsonRpc add -Params $_, 10 } | Should -Be 11, 12, 13
        }

        It 'Measure-WsRoundTrip loses nothing' {
            Connect-MessageWebSocket (Get-NetworkAddress $Network) | Out-Null
            $measured = Measure-WsRoundTrip -Count 3 -IntervalMilliseconds 1

            $measured.RoundTripsMs.Count, $measured.Lost | Should -Be 3, 0
        }

        It 'Test-WsEndpoint says that it works' {
            $result = Test-WsEndpoint (Get-NetworkAddress $Network) -SendText 'hello' -ExpectMatch '^hello$'

            $result.Success | Should -BeTrue -Because $result.Error
        }

        It 'Measure-WsLoad has an answer to each of its messages' {
            $load = Measure-WsLoad (Get-NetworkAddress $Network) -Connections 2 -DurationSeconds 0.3 -WarningAction Ignore

            $load.Errors | Should -Be 0
            $load.RoundTrips | Should -BeGreaterThan 0
        }

        It 'a tunnel brings every byte, both ways' {
            $tunnel = Start-WsTunnel (Get-NetworkAddress $Network 'echo')
            try {
                $client = [System.Net.Sockets.TcpClient]::new('127.0.0.1', $tunnel.LocalEndPoint.Port)
                $stream = $client.GetStream()
                $bytes = [byte[]] (0..255) * 8
                $stream.Write($bytes, 0, $bytes.Count)
                $back = [byte[]]::new($bytes.Count)
                $stream.ReadExactlyAsync($back, 0, $back.Count).AsTask().Wait($patience) | Should -BeTrue

                [Convert]::ToHexString($back) | Should -BeExactly ([Convert]::ToHexString($bytes))
            } finally {
                ${client}?.Dispose()
                Stop-WsTunnel $tunnel
            }
        }
    }

    Context 'over a network that stalls' {
        BeforeEach {
            Connect-MessageWebSocket (Get-NetworkAddress good) | Out-Null
        }

        It 'Receive- ends in time, and the connection goes on with all that was held up' {
            Invoke-WsRequest 'first' | Out-Null
            '#stall' | Send-WsMessage
            (Get-Failure { Receive-WsMessage -TimeoutSeconds 0.5 -ErrorAction Stop }).FullyQualifiedErrorId |
                Should -BeLike 'ReceiveTimeout,*'

            'next' | Send-WsMessage
            Receive-WsMessage -Count 2 -Raw | Should -Be '#stall', 'next'
        }

        It 'Invoke- ends in time, and its reply is there later' {
            (Get-Failure { Invoke-WsRequest '#stall' -TimeoutSeconds 0.5 -ErrorAction Stop }).FullyQualifiedErrorId |
                Should -BeLike 'ReplyTimeout,*'

            'next' | Send-WsMessage
            Receive-WsMessage -Count 2 -Raw | Should -Be '#stall', 'next'
        }
    }

    Context 'over a network that breaks a message off: <Cut>' -ForEach @(
        @{ Cut = 'end'; Status = 'ConnectionAborted' }
        @{ Cut = 'reset'; Status = 'ConnectionReset' }
    ) {
        BeforeEach {
            Connect-MessageWebSocket (Get-NetworkAddress good) -Name broken | Out-Null
        }

        It 'Receive- gives what was whole, and then the error' {
            'first', 'second', "#$Cut" | Send-WsMessage
            $received = Receive-WsMessage -Count 3 -Raw -ErrorAction SilentlyContinue -ErrorVariable problem

            $received | Should -Be 'first', 'second'
            $problem.FullyQualifiedErrorId | Should -BeLike "$Status,*"
            (Get-MessageWebSocket broken).State | Should -Be 'Aborted'
        }

        It 'Invoke- says that no reply will come' {
            (Get-Failure { Invoke-WsRequest "#$Cut" -ErrorAction Stop }).FullyQualifiedErrorId | Should -BeLike "$Status,*"
        }

        It 'Send- says so of what comes after it' {
            "#$Cut" | Send-WsMessage
            Wait-Until { (Get-MessageWebSocket broken).State -eq 'Aborted' }

            (Get-Failure { 'more' | Send-WsMessage -ErrorAction Stop }).FullyQualifiedErrorId | Should -BeLike "$Status,*"
        }

        It 'Close- is no error, and does not wait' {
            "#$Cut" | Send-WsMessage
            Wait-Until { (Get-MessageWebSocket broken).State -eq 'Aborted' }

            (Get-Streams { Close-MessageWebSocket -Socket (Get-MessageWebSocket broken) }).Error | Should -HaveCount 0
        }

        It 'Test-WsEndpoint says that no answer came' {
            $result = Test-WsEndpoint (Get-NetworkAddress good) -SendText "#$Cut"

            $result.Success | Should -BeFalse
            $result.Error | Should -Not -BeNullOrEmpty
        }

        It 'with -AutoReconnect Receive- goes on with the next connection' {
            $ws = Connect-MessageWebSocket (Get-NetworkAddress good) -AutoReconnect -RetryIntervalSec 0.05 -OnConnected {
                'hello'
            } -WarningAction Ignore
            Receive-WsMessage -Socket $ws -Raw -WarningAction Ignore | Should -Be 'hello'
            'first', "#$Cut" | Send-WsMessage -Socket $ws
            $received = Receive-WsMessage -Socket $ws -Count 2 -Raw -WarningAction Ignore

            $received[0] | Should -Be 'first'
            $received[1] | Should -Be 'hello'
        }
    }

    Context 'over a network that falls silent' {
        It 'Receive- ends in time' {
            Connect-MessageWebSocket (Get-NetworkAddress good) | Out-Null
            'first', '#silence' | Send-WsMessage
            Receive-WsMessage -Raw | Should -Be 'first'

            (Get-Failure { Receive-WsMessage -TimeoutSeconds 0.5 -ErrorAction Stop }).FullyQualifiedErrorId |
                Should -BeLike 'ReceiveTimeout,*'
        }

        It 'keep-alive ends the connection, and the wait with it' {
            Connect-MessageWebSocket (Get-NetworkAddress good) -KeepAliveIntervalSeconds 0.2 -KeepAliveTimeoutSeconds 0.5 | Out-Null
            'first', '#silence' | Send-WsMessage
            $received = Receive-WsMessage -Count 2 -Raw -TimeoutSeconds 0 -ErrorAction SilentlyContinue -ErrorVariable problem

            $received | Should -Be 'first'
            $problem.FullyQualifiedErrorId | Should -BeLike 'Timeout,*'
        }

        It 'Close- gives up, says so, and does not hang' {
            $ws = Connect-MessageWebSocket (Get-NetworkAddress good)
            'first', '#silence' | Send-WsMessage
            Receive-WsMessage -Raw | Should -Be 'first'
            $streams = Get-Streams { Close-MessageWebSocket -Socket $ws -TimeoutSeconds 0.5 }

            $streams.Warning | Should -HaveCount 1
            $ws.State | Should -Be 'Aborted'
        }

        It 'Send- ends in time when nothing is taken any more' {
            $ws = Connect-MessageWebSocket (Get-NetworkAddress good) -SendBufferSize 4096
            'first', '#silence' | Send-WsMessage
            Receive-WsMessage -Raw | Should -Be 'first'
            # More than the system of either side takes by itself.
            $failure = Get-Failure {
                1..64 | ForEach-Object { , [byte[]]::new(1MB) } | Send-WsMessage -TimeoutSeconds 0.5 -ErrorAction Stop
            }

            $failure.FullyQualifiedErrorId | Should -BeLike 'SendTimeout,*'
            $ws.State | Should -Be 'Open'
        }

        It 'Measure-WsRoundTrip counts what was lost' {
            Connect-MessageWebSocket (Get-NetworkAddress good) | Out-Null
            'first', '#silence' | Send-WsMessage
            Receive-WsMessage -Raw | Should -Be 'first'
            $measured = Measure-WsRoundTrip -Count 2 -IntervalMilliseconds 1 -TimeoutSeconds 0.5 -WarningAction Ignore -ErrorAction Ignore

            $measured.Lost | Should -Be 2
        }

        It 'Test-WsEndpoint says where it ended' {
            $result = Test-WsEndpoint (Get-NetworkAddress good) -SendText '#silence' -TimeoutSeconds 1

            $result.Success | Should -BeFalse
            $result.Error | Should -Not -BeNullOrEmpty
        }
    }

    Context 'over a network that breaks in the handshake: <Network>' -ForEach @(
        @{ Network = 'silentHandshake'; Status = 'Timeout' }
        @{ Network = 'endedHandshake'; Status = 'ConnectionAborted' }
        @{ Network = 'resetHandshake'; Status = 'ConnectionReset' }
    ) {
        It 'Connect- says what it was, and leaves no socket open' {
            $failure = Get-Failure { Connect-MessageWebSocket (Get-NetworkAddress $Network) -ConnectionTimeoutSeconds 1 -ErrorAction Stop }

            $failure.FullyQualifiedErrorId | Should -BeLike "$Status,*"
            Get-MessageWebSocket | Where-Object State -EQ Open | Should -BeNullOrEmpty
        }

        It 'Test-WsEndpoint says the same' {
            $result = Test-WsEndpoint (Get-NetworkAddress $Network) -TimeoutSeconds 1

            $result.Status | Should -Be $Status
            $result.Success | Should -BeFalse
        }

        It 'Measure-WsLoad counts it' {
            $short = @{ Connections = 1; DurationSeconds = 0.5; ConnectionTimeoutSeconds = 1 }
            $load = Measure-WsLoad (Get-NetworkAddress $Network) @short -WarningAction Ignore -ErrorAction Ignore

            $load.Connections | Should -Be 0
            $load.RefusedBy.Keys | Should -Contain $Status
        }
    }
}
