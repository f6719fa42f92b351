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

Describe 'Set-WsRequestHeader' {
    AfterEach { Close-EverySocket }

    It 'collects headers that the next connect takes and clears' {
        Set-WsRequestHeader 'X-One' '1'
        Set-WsRequestHeader -Name 'X-Two' -Value '2'
        $WsSession.RequestHeaders.Keys | Should -Be 'X-One', 'X-Two'
        $null = Connect-MessageWebSocket (Get-Address -Path 'headers')
        $seen = Receive-WsMessage -FromJson
        $seen.'X-One' | Should -Be '1'
        $seen.'X-Two' | Should -Be '2'
        $WsSession.RequestHeaders.Count | Should -Be 0
    }

    It 'keeps them when the connect fails' {
        Set-WsRequestHeader 'X-One' '1'
        $null = Get-Failure { Connect-MessageWebSocket $server.faults.'status-503' }
        $WsSession.RequestHeaders['X-One'] | Should -Be '1'
    }

    It 'leaves a -Socket whose connect failed without them, however they are removed: <How>' -TestCases @(
        @{ How = 'by name'; Remove = { Set-WsRequestHeader 'x-one' $null } }
        @{ How = 'in a table'; Remove = { Set-WsRequestHeader -Headers @{ 'X-One' = $null } } }
        @{ How = 'from the session'; Remove = { $WsSession.RequestHeaders.Clear() } }
        @{ How = 'by a connect that takes them'; Remove = { $null = Connect-MessageWebSocket (Get-Address -Path 'echo') } }
    ) {
        $socket = New-MessageWebSocket -Name own
        Set-WsRequestHeader 'X-Own' 'yes' -Socket $socket
        Set-WsRequestHeader 'X-One' '1'
        $null = Get-Failure { Connect-MessageWebSocket $server.faults.'status-503' -Socket $socket }
        & $Remove
        $null = Connect-MessageWebSocket (Get-Address -Path 'headers') -Socket $socket
        $seen = Receive-WsMessage -FromJson -Socket $socket
        $seen.PSObject.Properties.Name | Should -Not -Contain 'X-One'
        $seen.'X-Own' | Should -Be 'yes'
    }

    It 'gives a -Socket back what they took the place of when the connect fails' {
        $socket = New-MessageWebSocket
        Set-WsRequestHeader 'X-One' 'own' -Socket $socket
        Set-WsRequestHeader 'X-One' 'collected'
        $null = Get-Failure { Connect-MessageWebSocket $server.faults.'status-503' -Socket $socket }
        Set-WsRequestHeader 'X-One' $null
        $null = Connect-MessageWebSocket (Get-Address -Path 'headers') -Socket $socket
        (Receive-WsMessage -FromJson -Socket $socket).'X-One' | Should -Be 'own'
    }

    It 'leaves a -Socket whose connect was stopped without them' {
        $listening = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
        $listening.Start()
        try {
            $connecting = Start-Script {
                $global:WaitingSocket = New-MessageWebSocket -Name waiting
                Set-WsRequestHeader 'X-One' '1'
                Connect-MessageWebSocket $args[0] -Socket $WaitingSocket
            } -ArgumentList "ws://127.0.0.1:$($listening.LocalEndpoint.Port)/"
            $peer = $listening.AcceptTcpClient()
            Stop-Script -Started $connecting
            $peer.Dispose()
        } finally {
            $listening.Stop()
        }
        $connecting.Shell.Commands.Clear()
        $connecting.Shell.Streams.ClearStreams()
        $seen = $connecting.Shell.AddScript({
            param($Address)
            $null = [System.Threading.SpinWait]::SpinUntil({ $WaitingSocket.State -eq 'Created' }, 60000)
            Set-WsRequestHeader 'X-One' $null
            $null = Connect-MessageWebSocket $Address -Socket $WaitingSocket
            Receive-WsMessage -FromJson -Socket $WaitingSocket
            Close-MessageWebSocket -Socket $WaitingSocket
        }).AddArgument((Get-Address -Path 'headers')).Invoke()[0]
        $connecting.Shell.Streams.Error | Should -BeNullOrEmpty
        $seen.Host | Should -Not -BeNullOrEmpty
        $seen.PSObject.Properties.Name | Should -Not -Contain 'X-One'
        $connecting.Shell.Dispose()
    }

    It 'gives way to what the connect itself says' {
        Set-WsRequestHeader 'X-One' 'collected'
        $null = Connect-MessageWebSocket (Get-Address -Path 'headers') -Headers @{ 'x-one' = 'given' }
        (Receive-WsMessage -FromJson).'X-One' | Should -Be 'given'
    }

    It 'takes several with -Headers, and removes with $null' {
        Set-WsRequestHeader -Headers @{ 'X-One' = 1; 'X-Two' = 2 }
        Set-WsRequestHeader 'x-one' $null
        $WsSession.RequestHeaders.Keys | Should -Be 'X-Two'
        Set-WsRequestHeader -Headers @{ 'X-Two' = $null }
        $WsSession.RequestHeaders.Count | Should -Be 0
    }

    It 'takes a table from the pipeline' {
        [pscustomobject] @{ Name = 'X-One'; Value = '1' }, [pscustomobject] @{ Name = 'X-Two'; Value = '2' } | Set-WsRequestHeader
        $WsSession.RequestHeaders.Values | Should -Be '1', '2'
    }

    It 'sets headers of a -Socket that is not connected yet' {
        $socket = New-MessageWebSocket -Name own
        Set-WsRequestHeader 'X-Own' 'yes' -Socket own
        $WsSession.RequestHeaders.Count | Should -Be 0
        $null = Connect-MessageWebSocket -Socket $socket -Uri (Get-Address -Path 'headers')
        (Receive-WsMessage -FromJson).'X-Own' | Should -Be 'yes'
    }

    It 'reports a connected socket' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        $failure = Get-Failure { Set-WsRequestHeader 'X-Late' '1' -Socket $socket }
        $failure.FullyQualifiedErrorId | Should -BeExactly 'SocketAlreadyConnected,MessageWebSockets.PowerShell.SetWsRequestHeaderCommand'
        $failure.TargetObject | Should -Be $socket
    }

    It 'refuses <What>' -TestCases @(
        @{ What = 'a line break in a value'; Name = 'X-A'; Value = "a`r`nX-B: b" }
        @{ What = 'NUL in a value'; Name = 'X-A'; Value = "a`0b" }
        @{ What = 'letters beyond ASCII'; Name = 'X-A'; Value = 'é' }
        @{ What = 'a name with a space'; Name = 'X A'; Value = 'a' }
        @{ What = 'a header of the handshake'; Name = 'Sec-WebSocket-Key'; Value = 'a' }
        @{ What = 'a list of extensions'; Name = 'Sec-WebSocket-Extensions'; Value = 'a' }
    ) {
        (Get-Failure { Set-WsRequestHeader $Name $Value }).FullyQualifiedErrorId | Should -BeLike 'InvalidHeader,*'
        $WsSession.RequestHeaders.Count | Should -Be 0
    }

    It 'keeps nothing that outlives its session' {
        $live = [System.Reflection.BindingFlags] 'Static, NonPublic, Public'
        $type = [MessageWebSockets.PowerShell.WsSession].Assembly.GetType('MessageWebSockets.PowerShell.SetWsRequestHeaderCommand')
        $type.GetFields($live).Where({ -not $_.IsLiteral }) | Should -BeNullOrEmpty
        Set-WsRequestHeader 'Authorization' 'Bearer s3cr3t'
        $session = $WsSession
        Remove-Module -Name 'WebSocket'
        $session.RequestHeaders.Count | Should -Be 0
        Import-TestedModule
    }

    It 'does not show what it holds along with the session' {
        Set-WsRequestHeader 'Authorization' 'Bearer s3cr3t'
        "$($WsSession | Out-String)$($WsSession | Format-List | Out-String)$('text', $WsSession | Out-String)" |
            Should -Not -BeLike '*s3cr3t*'
        $WsSession | Format-List | Out-String | Should -BeLike '*Authorization*'
    }

    It 'keeps a secret out of the error' {
        "$(Get-Failure { Set-WsRequestHeader 'Authorization' "Bearer s3cr3t`n" })" | Should -Not -BeLike '*s3cr3t*'
    }

    It 'emits the socket or the collected headers with -PassThru' {
        $socket = New-MessageWebSocket
        Set-WsRequestHeader 'X-A' 'a' -Socket $socket -PassThru | Should -Be $socket
        (Set-WsRequestHeader 'X-A' 'a' -PassThru)['x-a'] | Should -Be 'a'
        Set-WsRequestHeader 'X-A' 'a' | Should -BeNullOrEmpty
    }

    It 'completes header names' {
        (TabExpansion2 'Set-WsRequestHeader -Name Auth').CompletionMatches.CompletionText | Should -Contain 'Authorization'
    }
}
