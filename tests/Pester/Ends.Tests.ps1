#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# The same end of a connection has the same error, from whichever cmdlet and at whatever moment it is met.

BeforeDiscovery {
    $cmdlets = @(
        @{ Cmdlet = 'Send-WsMessage'; Given = @{ InputObject = 'x' } }
        @{ Cmdlet = 'Invoke-WsRequest'; Given = @{ InputObject = 'x'; TimeoutSeconds = 20 } }
        @{ Cmdlet = 'Measure-WsRoundTrip'; Given = @{ Count = 1 } }
        @{ Cmdlet = 'Receive-WsMessage'; Given = @{ TimeoutSeconds = 20 } }
    )
}

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer -ArgumentList '--raw'

    function Wait-End {
        param($Socket)

        Wait-Until { $Socket.State -in 'Closed', 'Aborted' }
    }
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe '<Cmdlet>' -ForEach $cmdlets {
    AfterEach { Close-EverySocket }

    It 'has the code and reason of a close: <When>, <Which>' -ForEach @(
        @{ When = 'at once'; Which = 'without -Socket' }
        @{ When = 'later'; Which = 'without -Socket' }
        @{ When = 'at once'; Which = 'with -Socket' }
        @{ When = 'later'; Which = 'with -Socket' }
    ) {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'close?code=4406&reason=Subprotocol%20not%20acceptable')
        if ($When -eq 'later') {
            Wait-End $socket
        }

        $which = $Which -eq 'with -Socket' ? @{ Socket = $socket } : @{}
        # What is sent before the close has come is sent; then it is met by the next.
        $failure = $null
        while (-not $failure) {
            try {
                $null = & $Cmdlet @Given @which -ErrorAction Stop
            } catch {
                $failure = $_
            }
        }
        $failure.FullyQualifiedErrorId | Should -BeLike 'ConnectionClosed,*'
        "$failure" | Should -BeLike '*was closed with code 4406 "Subprotocol not acceptable".*'
        $failure.TargetObject | Should -Be $socket
    }

    It 'has the same id while a profile waits for the answer to its greeting' {
        $failure = Get-Failure {
            Connect-MessageWebSocket (Get-Address -Path 'close?code=4403&reason=Forbidden') -Profile @{ ConnectReply = '^welcome' }
        }
        $failure.FullyQualifiedErrorId | Should -BeLike 'ConnectionClosed,*'
        "$failure" | Should -BeLike '*code 4403 (Forbidden)*'
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }

    It 'has the reason of an end that was none in order, like Receive-WsMessage: <When>, <Which>' -ForEach @(
        @{ When = 'at once'; Which = 'without -Socket' }
        @{ When = 'later'; Which = 'without -Socket' }
        @{ When = 'at once'; Which = 'with -Socket' }
        @{ When = 'later'; Which = 'with -Socket' }
    ) {
        $socket = Connect-MessageWebSocket $server.faults.'fin-without-close'
        if ($When -eq 'later') {
            Wait-End $socket
        }

        $which = $Which -eq 'with -Socket' ? @{ Socket = $socket } : @{}
        $failure = $null
        while (-not $failure) {
            try {
                $null = & $Cmdlet @Given @which -ErrorAction Stop
            } catch {
                $failure = $_
            }
        }
        $received = Get-Failure { Receive-WsMessage -Socket $socket -Count 1000 }
        $failure.FullyQualifiedErrorId | Should -BeLike 'ConnectionAborted,*'
        $received.FullyQualifiedErrorId | Should -BeLike 'ConnectionAborted,*'
        $failure.Exception.Message | Should -BeExactly $received.Exception.Message
    }

    It 'tells of the last socket where several ended' {
        $first = Connect-MessageWebSocket (Get-Address -Path 'close?code=4001&reason=first')
        $second = Connect-MessageWebSocket (Get-Address -Path 'close?code=4002&reason=second')
        Wait-End $first
        Wait-End $second
        "$(Get-Failure { & $Cmdlet @Given })" | Should -BeLike '*4002 "second"*'
    }

    It 'says that there is no socket where there never was one' {
        $failure = Get-Failure { & $Cmdlet @Given }
        $failure.FullyQualifiedErrorId | Should -BeLike 'NoOpenSocket,*'
        "$failure" | Should -BeExactly 'This session has no open socket.'
    }
}

Describe 'Receive-WsMessage' {
    AfterEach { Close-EverySocket }

    It 'reads what the one ended socket that has messages left behind' {
        $null = Connect-MessageWebSocket $server.faults.'reset-after-messages' -Name 'full'
        $null = Connect-MessageWebSocket (Get-Address -Path 'close?code=4000') -Name 'empty'
        Get-MessageWebSocket | ForEach-Object { Wait-End $_ }
        (Receive-WsMessage).Socket.Name | Should -Be 'full'
    }

    It 'refuses to guess among ended sockets with messages' {
        $sockets = 1..2 | ForEach-Object { Connect-MessageWebSocket $server.faults.'reset-after-messages' }
        $sockets | ForEach-Object { Wait-End $_ }
        (Get-Failure { Receive-WsMessage }).FullyQualifiedErrorId | Should -BeLike 'SeveralOpenSockets,*'
    }

    It 'advises after a timeout what helps' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'silent')
        $failure = Get-Failure { Receive-WsMessage -Follow -TimeoutSeconds 0.2 }
        $failure.ErrorDetails.RecommendedAction | Should -BeLike '*leave out -TimeoutSeconds*'
        $failure.ErrorDetails.RecommendedAction | Should -Not -BeLike '*-Follow*'
        (Get-Failure { Receive-WsMessage -TimeoutSeconds 0.2 }).ErrorDetails.RecommendedAction | Should -BeLike '*or use -Follow*'
    }
}
