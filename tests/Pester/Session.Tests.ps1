#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer -ArgumentList '--raw'
    $manifest = Join-Path -Path $repository -ChildPath 'WebSocket.psd1'
    $echoAddress = Get-Address -Path 'echo'
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket' -ErrorAction Ignore
}

Describe 'A session' {
    AfterEach { Close-EverySocket }

    It 'has a current socket only while exactly one is open' {
        $WsSession.Current | Should -BeNullOrEmpty
        $first = Connect-MessageWebSocket $echoAddress
        $WsSession.Current | Should -Be $first
        $second = Connect-MessageWebSocket $echoAddress
        $WsSession.Current | Should -BeNullOrEmpty
        $WsSession.Sockets[1] | Should -Be $second
        Close-MessageWebSocket -Socket $first
        $WsSession.Current | Should -Be $second
        "$WsSession" | Should -Be '1 open of 1'
    }

    It 'forgets the oldest of many sockets that ended' {
        1..40 | ForEach-Object {
            $socket = New-MessageWebSocket
            $socket.Dispose()
        }
        (Get-MessageWebSocket).Count | Should -BeLessOrEqual 33
    }

    It 'is each runspace''s own in ForEach-Object -Parallel' {
        $socket = Connect-MessageWebSocket $echoAddress
        $seen = 1..2 | ForEach-Object -Parallel {
            Import-Module $using:manifest
            "$($WsSession.Sockets.Count)"
        }
        $seen | Should -Be '0', '0'
    }

    It 'is each iteration''s own where ForEach-Object -Parallel uses a runspace again' {
        $seen = 1..4 | ForEach-Object -ThrottleLimit 1 -Parallel {
            Import-Module $using:manifest
            [pscustomobject] @{
                Runspace = [runspace]::DefaultRunspace.Id
                Sockets  = $WsSession.Sockets.Count
                Listed   = @(Get-MessageWebSocket).Count
                Servers  = $WsSession.Servers.Count
                Headers  = $WsSession.RequestHeaders.Count
                Sent     = try { Send-WsMessage 'to whom?' -ErrorAction Stop; 'sent' } catch { $_.FullyQualifiedErrorId }
            }
            $null = Connect-MessageWebSocket $using:echoAddress
            $null = Start-WsEchoServer
            Set-WsRequestHeader X-Left behind
        }
        ($seen.Runspace | Select-Object -Unique).Count | Should -Be 1
        $seen | Should -HaveCount 4
        $seen.Sockets + $seen.Listed + $seen.Servers + $seen.Headers | Select-Object -Unique | Should -Be 0
        $seen.Sent | Should -BeLike 'NoOpenSocket,*'
    }

    It 'closes what every iteration left open when the runspace closes' {
        $sockets = 1..3 | ForEach-Object -ThrottleLimit 1 -Parallel {
            Import-Module $using:manifest
            Connect-MessageWebSocket $using:echoAddress
        }
        $sockets | Should -HaveCount 3
        Wait-Until { -not ($sockets.State -ne 'Closed') }
    }

    It 'serves many runspaces with one socket by $using:' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'sink')
        1..4 | ForEach-Object -Parallel {
            Import-Module $using:manifest
            $part = $_
            1..500 | ForEach-Object { "$part $_" } | Send-WsMessage -Socket $using:socket
        }
        (Invoke-WsRequest 'count' -FromJson -Socket $socket).messages | Should -Be 2000
    }

    It 'divides the messages of one socket among the runspaces that receive' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'flood?count=3000&size=20')
        $received = 1..3 | ForEach-Object -Parallel {
            Import-Module $using:manifest
            Receive-WsMessage -Socket $using:socket -Count 1000 -Raw
        }
        $received | Sort-Object -Unique | Should -HaveCount 3000
    }

    It 'works in a thread job' {
        $socket = Connect-MessageWebSocket $echoAddress
        $job = Start-ThreadJob {
            Import-Module $using:manifest
            Invoke-WsRequest 'from a thread' -Socket $using:socket
        }
        ($job | Receive-Job -Wait -AutoRemoveJob).Text | Should -Be 'from a thread'
    }

    It 'works in a background job, whose results come back with their values' {
        $job = Start-Job {
            Import-Module $using:manifest
            Connect-MessageWebSocket $using:echoAddress -Name far
            Invoke-WsRequest 'from afar'
            Receive-WsMessage -TimeoutSeconds 1
        }
        $results = $job | Receive-Job -Wait -AutoRemoveJob -ErrorVariable problem -ErrorAction SilentlyContinue
        $results[0].Name | Should -Be 'far'
        "$($results[0].State)" | Should -Be 'Open'
        $results[1].Text | Should -Be 'from afar'
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'ReceiveTimeout,*'
    }

    It 'works in a strict function of a module' {
        $module = New-Module -ScriptBlock {
            Set-StrictMode -Version Latest
            $ErrorActionPreference = 'Stop'
            function Get-Echo {
                [CmdletBinding()]
                param([string] $Address)

                $socket = Connect-MessageWebSocket $Address -Name strict -SessionVariable kept
                try {
                    Send-WsMessage 'strict' -Socket $socket
                    (Receive-WsMessage -Socket $kept).Text
                    Receive-WsMessage -Socket strict -TimeoutSeconds 1
                } catch {
                    $_.FullyQualifiedErrorId
                } finally {
                    Close-MessageWebSocket -Socket $socket
                }
            }
        }
        & $module { param($Address) Get-Echo -Address $Address } $echoAddress |
            Should -Be 'strict', 'ReceiveTimeout,MessageWebSockets.PowerShell.ReceiveWsMessageCommand'
        Remove-Module -ModuleInfo $module
    }

    It 'closes its sockets when its runspace closes' {
        $shell = [powershell]::Create().AddScript(
            'Import-Module $args[0]; Connect-MessageWebSocket $args[1]').AddArgument($manifest).AddArgument($echoAddress)
        $socket = $shell.Invoke()[0]
        $socket.State | Should -Be 'Open'
        $shell.Runspace.Close()
        $socket.State | Should -Be 'Closed'
        $shell.Dispose()
    }

    It 'closes its sockets when the module is removed, and those of no other runspace' {
        $mine = Connect-MessageWebSocket $echoAddress
        $shell = [powershell]::Create().AddScript(
            'Import-Module $args[0]; Connect-MessageWebSocket $args[1]').AddArgument($manifest).AddArgument($echoAddress)
        $socket = $shell.Invoke()[0]
        $shell.Commands.Clear()
        $null = $shell.AddScript('Remove-Module WebSocket').Invoke()
        $socket.State | Should -Be 'Closed'
        $mine.State | Should -Be 'Open'

        # Once more, in the same runspace.
        $shell.Commands.Clear()
        $again = $shell.AddScript('Import-Module $args[0]; Connect-MessageWebSocket $args[1]; $WsSession.Sockets.Count').AddArgument(
            $manifest).AddArgument($echoAddress).Invoke()
        $again[0].State | Should -Be 'Open'
        $again[1] | Should -Be 1
        $shell.Dispose()
    }

    It 'closes the connection that is being made when a script of it removes the module' {
        $script = {
            Import-Module $args[0]
            $session = $WsSession
            Connect-MessageWebSocket $args[1] -AutoReconnect -OnConnected { Remove-Module WebSocket -Force }
            $session.Sockets.Count
        }
        $shell = [powershell]::Create().AddScript($script).AddArgument($manifest).AddArgument($echoAddress)
        try {
            $socket, $kept = $shell.Invoke()
            $socket.State | Should -Be 'Closed'
            $kept | Should -Be 0
        } finally {
            $shell.Dispose()
        }
    }

    It 'ends a receive that another runspace waits in when the socket is closed' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'say?text=ready')
        $shell = [powershell]::Create().AddScript(
            'Import-Module $args[0]; Receive-WsMessage -Socket $args[1] -Follow -Raw').AddArgument($manifest).AddArgument($socket)
        $output = [System.Management.Automation.PSDataCollection[psobject]]::new()
        $running = $shell.BeginInvoke([System.Management.Automation.PSDataCollection[psobject]] $null, $output)
        $clock = [System.Diagnostics.Stopwatch]::StartNew()
        while ($output.Count -eq 0 -and $clock.Elapsed -lt $patience) {
            $null = [System.Threading.Thread]::Yield()
        }
        Close-MessageWebSocket -Socket $socket
        $running.AsyncWaitHandle.WaitOne($patience) | Should -BeTrue
        $shell.Dispose()
    }

    It 'ends what other runspaces <Do> when the module is removed, leaves no connection, and can be imported again' -TestCases @(
        @{ Do = 'receive'; Path = 'say?text=ready'; Script = { Receive-WsMessage -Socket $args[0] -Follow -Raw }; Id = $null }
        @{
            Do = 'send'; Path = $null
            Script = { 1..100 | ForEach-Object { , [byte[]]::new(4MB) } | Send-WsMessage -Socket $args[0] -PassThru }; Id = 'Connection*'
        }
        @{
            Do = 'ask'; Path = 'say?text=ready'
            Script = { Invoke-WsRequest 'x' -Socket $args[0] -ReplyFilter { $false } -TimeoutSeconds 0 }; Id = 'Connection*'
        }
    ) {
        $uri = $Path ? (Get-Address -Path $Path) : $server.faults.'stops-reading'
        $owner = [powershell]::Create()
        $socket = $owner.AddScript('Import-Module $args[0]; Connect-MessageWebSocket $args[1] -SendBufferSize 4096').AddArgument(
            $manifest).AddArgument($uri).Invoke()[0]
        $busy = Start-Script $Script -ArgumentList $socket
        switch ($Do) {
            'ask' { Wait-Until { $socket.Sent -ge 1 } }
            default { Wait-Until { $busy.Output.Count } }
        }
        $owner.Commands.Clear()
        $null = $owner.AddScript('Remove-Module WebSocket').Invoke()
        Wait-Script -Started $busy
        $socket.State | Should -BeIn 'Closed', 'Aborted'
        if ($Id) {
            $busy.Streams.Error[-1].FullyQualifiedErrorId | Should -BeLike "$Id,*"
        } else {
            $busy.Streams.Error | Should -BeNullOrEmpty
        }
        $busy.Shell.Dispose()

        # Nothing of it is left: no connection of this process to that server.
        $remote = "$($socket.Information.LocalAddress)|$($socket.Information.LocalPort)"
        Wait-Until {
            -not ([System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties().GetActiveTcpConnections() |
                Where-Object {
                    "$($_.LocalEndPoint.Address)|$($_.LocalEndPoint.Port)" -eq $remote -and $_.State -in 'Established', 'CloseWait'
                })
        }

        $owner.Commands.Clear()
        $again = $owner.AddScript(
            'Import-Module $args[0]; Connect-MessageWebSocket $args[1] | Out-Null; (Invoke-WsRequest "again").Text').AddArgument(
                $manifest).AddArgument($echoAddress).Invoke()
        $again[0] | Should -Be 'again'
        $owner.Dispose()
    }

    It 'merges several sockets with Get-MessageWebSocket | Receive-WsMessage -Follow' {
        $null = 'a', 'b', 'c' | ForEach-Object { Connect-MessageWebSocket (Get-Address -Path 'push?count=5&intervalMs=10') -Name $_ }
        $received = Get-MessageWebSocket | Receive-WsMessage -Follow | Select-Object -First 15
        foreach ($name in 'a', 'b', 'c') {
            ($received | Where-Object { $_.Socket.Name -eq $name }).Text | Should -Be (0..4)
        }
    }

    It 'shows what arrives through Register-ObjectEvent with actions, for messages and for the end' {
        $socket = New-MessageWebSocket -Name acting
        # PowerShell may run actions in another order than their events came in; the numbers of the events tell that.
        $heard = [System.Collections.Concurrent.ConcurrentDictionary[int, string]]::new()
        $jobs = @(
            Register-ObjectEvent -InputObject $socket -EventName MessageReceived -MessageData $heard -Action {
                $Event.MessageData[$Event.EventIdentifier] = $EventArgs.Message.Text
            }
            Register-ObjectEvent -InputObject $socket -EventName Closed -MessageData $heard -Action {
                $Event.MessageData[$Event.EventIdentifier] = "closed $($EventArgs.Code)"
            }
        )
        try {
            $null = Connect-MessageWebSocket -Socket $socket -Uri $echoAddress
            'one', 'two' | Send-WsMessage -Socket $socket
            # Actions run between the statements of a script.
            Wait-Until { Start-Sleep -Milliseconds 1; $heard.Count -ge 2 }
            Close-MessageWebSocket -Socket $socket -Code 1000
            Wait-Until { Start-Sleep -Milliseconds 1; $heard.Count -ge 3 }
            ($heard.GetEnumerator() | Sort-Object -Property Key).Value | Should -Be 'one', 'two', 'closed 1000'
        } finally {
            Get-EventSubscriber | Where-Object SourceObject -EQ $socket | Unregister-Event
            $jobs | Remove-Job -Force
        }
    }

    It 'shows no progress with -ProgressAction SilentlyContinue' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'push?count=14&intervalMs=100')
        $receiving = Start-Script { Receive-WsMessage -Socket $args[0] -Count 14 -ProgressAction SilentlyContinue } -ArgumentList $socket
        Wait-Script -Started $receiving
        $receiving.Output | Should -HaveCount 14
        $receiving.Streams.Progress.Where({ $_.Activity -like 'Receiving*' }) | Should -BeNullOrEmpty
        $receiving.Shell.Dispose()
    }

    It 'is imported in a session of ConstrainedLanguage, with every cmdlet and without an error' {
        $shell = [powershell]::Create()
        $shell.Runspace.SessionStateProxy.LanguageMode = 'ConstrainedLanguage'
        try {
            $reply = $shell.AddScript({
                param($Manifest, $Address)
                Import-Module -Name $Manifest
                @(Get-Command -Module WebSocket).Count
                $null = Connect-MessageWebSocket $Address
                (Invoke-WsRequest 'hi').Text
                Close-MessageWebSocket
            }).AddArgument($manifest).AddArgument($echoAddress).Invoke()
            $shell.Streams.Error | Should -BeNullOrEmpty
            $reply | Should -Be (Import-PowerShellDataFile -LiteralPath $manifest).CmdletsToExport.Count, 'hi'
        } finally {
            $shell.Runspace.Dispose()
            $shell.Dispose()
        }
    }

    It 'lets a process end by itself with a socket open' {
        $output = pwsh -NoProfile -NonInteractive -Command {
            param($Manifest, $Address)
            Import-Module $Manifest
            $null = Connect-MessageWebSocket $Address
            'sent' | Send-WsMessage -PassThru
        } -args $manifest, $echoAddress
        $output | Should -Be 'sent'
        $LASTEXITCODE | Should -Be 0
    }

    It 'obeys -ErrorAction, -ErrorVariable, try and trap' {
        Connect-MessageWebSocket 'http://x' -ErrorAction Ignore | Should -BeNullOrEmpty
        Connect-MessageWebSocket 'http://x' -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem | Should -HaveCount 1
        { Connect-MessageWebSocket 'http://x' -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidUri,*'
        $trapped = & {
            trap {
                $_.FullyQualifiedErrorId
                continue
            }
            Send-WsMessage 'x'
        }
        $trapped | Should -BeLike 'NoOpenSocket,*'
    }
}

Describe 'Every cmdlet' {
    It '<Name> declares what it emits' -TestCases @(
        Import-PowerShellDataFile -LiteralPath (Join-Path -Path $PSScriptRoot -ChildPath '../../WebSocket.psd1') |
            ForEach-Object CmdletsToExport | ForEach-Object { @{ Name = $_ } }
    ) {
        (Get-Command -Name $Name).OutputType | Should -Not -BeNullOrEmpty
    }
}
