#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# The runbooks of examples/ that speak a protocol above WebSocket, each against a server of that protocol: SignalR of ASP.NET Core, npm's
# graphql-ws and Socket.IO, RabbitMQ. Kubernetes and Home Assistant are played by the test server.
BeforeDiscovery {
    $repository = Join-Path -Path $PSScriptRoot -ChildPath '..' -AdditionalChildPath '..' -Resolve
    $node = Get-Command -Name 'node' -CommandType Application -ErrorAction Ignore | Select-Object -First 1
    $folders = @(
        (Join-Path -Path $repository -ChildPath 'artifacts/node/node_modules')
    ) + "$env:NODE_PATH".Split([System.IO.Path]::PathSeparator, [System.StringSplitOptions]::RemoveEmptyEntries)
    $modules = @{}
    foreach ($name in 'graphql-ws', 'socket.io') {
        $package = $folders.ForEach({ Join-Path -Path $_ -ChildPath "$name/package.json" }).Where({ Test-Path -LiteralPath $_ }, 'First')
        $modules[$name] = $node ? "$package" : ''
    }
    . (Join-Path -Path $PSScriptRoot -ChildPath 'RabbitMq.ps1')
    $programs = @{ Node = "$($node.Source)"; Modules = $modules; HasRabbit = Test-RabbitMq }
}

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    . (Join-Path -Path $PSScriptRoot -ChildPath 'RabbitMq.ps1')
    Import-TestedModule
    $examples = Join-Path -Path $repository -ChildPath 'examples'
    $server = Start-TestServer -ArgumentList '--raw', '--hub'
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe 'A runbook of a protocol' {
    It 'is short: <_>' -ForEach @(
        'Invoke-HomeAssistant', 'Invoke-KubernetesCommand', 'Receive-GraphQLSubscription', 'Receive-SignalRStream', 'Receive-StompMessage'
        'Save-Feed', 'Send-MqttMessage', 'Send-SocketIOEvent'
    ) {
        $tokens = $null
        $script = [System.Management.Automation.Language.Parser]::ParseFile("$examples/$_.ps1", [ref] $tokens, [ref] $null)
        $code = $tokens.Where(
            { $_.Kind -notin 'Comment', 'NewLine', 'EndOfInput' -and $_.Extent.StartOffset -ge $script.ParamBlock.Extent.EndOffset })
        @($code.ForEach({ $_.Extent.StartLineNumber..$_.Extent.EndLineNumber }) | Select-Object -Unique).Count | Should -BeLessOrEqual 25
    }
}

Describe 'Receive-SignalRStream.ps1' {
    It 'emits the items of a stream' {
        & "$examples/Receive-SignalRStream.ps1" (Get-Address -Path 'hub') Count 20, $false | Should -Be (0..19)
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }

    It 'ends a stream when the pipeline has enough' {
        & "$examples/Receive-SignalRStream.ps1" (Get-Address -Path 'hub') Count 1000000, $false | Select-Object -First 3 |
            Should -Be 0, 1, 2
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }

    It 'throws what the method throws, behind the items' {
        $items = [System.Collections.Generic.List[object]]::new()
        $failure = Get-Failure {
            & "$examples/Receive-SignalRStream.ps1" (Get-Address -Path 'hub') Count 2, $true | ForEach-Object { $items.Add($_) }
        }
        "$failure" |
            Should -BeLike 'Count ended with an error: *That is enough.*'
        $items | Should -Be 0, 1
    }
}

Describe 'Invoke-KubernetesCommand.ps1' {
    It 'gives the output, the error output and the exit code' {
        $result = & "$examples/Invoke-KubernetesCommand.ps1" $server.ws web-0 echo, 'grüße & mehr', x
        $result.ExitCode | Should -Be 0
        $result.Output | Should -BeExactly "grüße & mehr x`n"
        $result = & "$examples/Invoke-KubernetesCommand.ps1" $server.ws web-0 fail, 3
        $result.ExitCode | Should -Be 3
        $result.Error | Should -BeExactly "failing`n"
        $result.Output | Should -BeExactly ''
    }

    It 'sends an input and ends it, and puts characters together that were cut' {
        (& "$examples/Invoke-KubernetesCommand.ps1" $server.ws web-0 cat -InputText 'grüße 👋').Output | Should -BeExactly 'grüße 👋'
    }

    It 'says why a command did not run' {
        { & "$examples/Invoke-KubernetesCommand.ps1" $server.ws web-0 nope } |
            Should -Throw 'The command did not run: exec: "nope": executable file not found*'
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }
}

Describe 'Invoke-HomeAssistant.ps1' {
    It 'logs in, and gives the results of commands and the error of one' {
        $token = ConvertTo-SecureString -String 'secret' -AsPlainText
        $problems = @()
        $results = & "$examples/Invoke-HomeAssistant.ps1" (Get-Address -Path 'api/websocket') $token @{
            type = 'get_states'
        }, @{ type = 'nope' }, @{ type = 'ping' } -ErrorVariable problems 2>$null
        $results[0..1].entity_id | Should -Be 'light.hall', 'sensor.door'
        $results[2].type | Should -Be 'pong'
        "$problems" | Should -BeExactly 'nope: Unknown command.'
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }

    It 'says that the login was refused' {
        $token = ConvertTo-SecureString -String 'wrong' -AsPlainText
        { & "$examples/Invoke-HomeAssistant.ps1" (Get-Address -Path 'api/websocket') $token @{ type = 'ping' } } |
            Should -Throw '*The login was refused: Invalid access token*'
    }
}

Describe 'Send-SocketIOEvent.ps1' -ForEach $programs {
    BeforeAll {
        if ($Modules.'socket.io') {
            $peer = Start-LineServer -FilePath $Node -ArgumentList "$PSScriptRoot/servers/socketio.mjs" -Environment @{
                MODULES_FROM = $Modules.'socket.io'
            }
            $address = "ws://127.0.0.1:$($peer.Line)"
        }
    }

    AfterAll { Stop-LineServer -Server $peer }

    BeforeEach {
        if (-not $Modules.'socket.io') {
            $why = 'Node with the socket.io package is not installed (npm install --prefix artifacts/node socket.io)'
            Set-ItResult -Skipped -Because $why
        }
    }

    It 'gives the acknowledgement, while pings are answered' {
        & "$examples/Send-SocketIOEvent.ps1" $address add 1, 2, 4 | Should -Be 7
        (& "$examples/Send-SocketIOEvent.ps1" $address pong).pong | Should -BeTrue
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }

    It 'says that the connection was refused' {
        { & "$examples/Send-SocketIOEvent.ps1" "$address/?token=wrong" add 1 } | Should -Throw '*the server answered 44{*not welcome*'
    }
}

Describe 'Receive-GraphQLSubscription.ps1' -ForEach $programs {
    BeforeAll {
        function Start-GraphQL {
            param([int] $Port = 0)

            Start-LineServer -FilePath $Node -ArgumentList "$PSScriptRoot/servers/graphql.mjs" -Environment @{
                MODULES_FROM = $Modules.'graphql-ws'; PORT = "$Port"
            }
        }

        if ($Modules.'graphql-ws') {
            $peer = Start-GraphQL
            $address = "ws://127.0.0.1:$($peer.Line)/graphql"
        }
    }

    AfterAll { Stop-LineServer -Server $peer }

    BeforeEach {
        if (-not $Modules.'graphql-ws') {
            $why = 'Node with the graphql-ws package is not installed (npm install --prefix artifacts/node ws graphql graphql-ws)'
            Set-ItResult -Skipped -Because $why
        }
    }

    It 'emits the data until the server completes the subscription' {
        $query = 'subscription($to: Int!) { count(to: $to) { number } }'
        & "$examples/Receive-GraphQLSubscription.ps1" $address $query -Variables @{ to = 3 } | ForEach-Object { $_.count.number } |
            Should -Be 1, 2, 3
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }

    It 'says why the server refuses it' {
        { & "$examples/Receive-GraphQLSubscription.ps1" $address 'subscription { nope }' } | Should -Throw '*Cannot query field "nope"*'
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }

    It 'goes on after restarts of the server, with no gap in what each connection delivered' {
        $items = [System.Collections.Concurrent.ConcurrentQueue[object]]::new()
        $following = Start-Script {
            $items = $args[2]
            $query = 'subscription { count(to: 1000000) { number run } }'
            & "$($args[0])/Receive-GraphQLSubscription.ps1" $args[1] $query -Option @{ RetryIntervalSec = 0.05 } |
                ForEach-Object { $items.Enqueue($_.count) }
        } -ArgumentList $examples, $address, $items
        try {
            foreach ($start in 1..3) {
                Wait-Until {
                    $seen = $items.ToArray()
                    $following.Running.IsCompleted -or
                        ($seen -and $seen[-1].number -ge 3 -and @($seen.run | Select-Object -Unique).Count -eq $start)
                }
                if ($start -lt 3) {
                    $peer.Process.Kill()
                    $peer.Process.WaitForExit()
                    $peer = Start-GraphQL -Port $peer.Line
                }
            }
        } finally {
            Stop-Script -Started $following
        }

        $following.Streams.Error | Should -BeNullOrEmpty
        $runs = @($items.ToArray() | Group-Object -Property run)
        $runs | Should -HaveCount 3
        foreach ($run in $runs) {
            $run.Group.number | Should -Be (1..$run.Count)
        }
        $following.Shell.Dispose()
    }
}

Describe 'Receive-StompMessage.ps1' -ForEach $programs {
    BeforeAll {
        $missing = $HasRabbit ? '' : 'RabbitMQ with Web STOMP is not installed (Debian: rabbitmq-server)'
        if ($missing) {
            return
        }

        # Once for all that need it. Whether it starts is no concern of ours.
        try {
            $broker = Start-RabbitMq -Folder (Join-Path -Path $TestDrive -ChildPath 'rabbit')
        } catch {
            $missing = "$_"
            return
        }

        $address = $broker.Address
        $guest = [pscredential]::new('guest', (ConvertTo-SecureString -String 'guest' -AsPlainText))
    }

    AfterAll {
        if (-not $missing) {
            Stop-RabbitMq -Rabbit $broker
        }
    }

    BeforeEach {
        if ($missing) {
            Set-ItResult -Skipped -Because $missing
        }
    }

    It 'emits the messages of a destination' {
        $login = "CONNECT`naccept-version:1.2`nhost:/`nlogin:guest`npasscode:guest`nheart-beat:10000,10000`n`n"
        $sender = Connect-MessageWebSocket $address -Profile Stomp -OnConnected { $login; $null = Receive-WsMessage }
        foreach ($body in 'grüße 👋', "two`n`nlines") {
            $answer = Invoke-WsRequest "SEND`ndestination:/queue/tests`nreceipt:r`nkind:a\cb`n`n$body" -Socket $sender
            $answer.Text | Should -BeLike "RECEIPT`n*"
        }
        Close-MessageWebSocket -Socket $sender

        $received = & "$examples/Receive-StompMessage.ps1" $address /queue/tests -Credential $guest | Select-Object -First 2
        $received.Body | Should -Be 'grüße 👋', "two`n`nlines"
        $received.Destination | Should -Be '/queue/tests', '/queue/tests'
        $received[0].Headers.kind | Should -BeExactly 'a:b'
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }

    It 'says that the login was refused' {
        $stranger = [pscredential]::new('guest', (ConvertTo-SecureString -String 'wrong' -AsPlainText))
        { & "$examples/Receive-StompMessage.ps1" $address /queue/tests -Credential $stranger } |
            Should -Throw '*The broker refused the login: *Access refused*'
        Get-MessageWebSocket | Should -BeNullOrEmpty
    }
}
