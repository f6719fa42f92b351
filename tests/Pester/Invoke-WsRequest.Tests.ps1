#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

BeforeAll {
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer -ArgumentList '--raw'

    # Answers the requests that a broadcast endpoint passes on, in a runspace of its own: a peer whose answers a test decides.
    function Start-Responder {
        param([scriptblock] $Answer)

        $socket = Connect-MessageWebSocket (Get-Address -Path 'broadcast') -Name responder
        $shell = [powershell]::Create().AddScript({
                param($Manifest, $Socket, $Answer)
                Import-Module $Manifest
                $reply = [scriptblock]::Create($Answer)
                Receive-WsMessage -Socket $Socket -Follow -FromJson | ForEach-Object { & $reply $_ } | Send-WsMessage -Socket $Socket
            }).AddArgument("$repository/WebSocket.psd1").AddArgument($socket).AddArgument($Answer.ToString())
        $null = $shell.BeginInvoke()
        $shell
    }
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe 'Invoke-WsRequest' {
    AfterEach { Close-EverySocket }

    Context 'a request and its reply' {
        BeforeEach { $echo = Connect-MessageWebSocket (Get-Address -Path 'echo') -Name echo }

        It 'emits the next message' {
            $reply = Invoke-WsRequest 'ping'
            $reply | Should -BeOfType 'MessageWebSockets.WsMessage'
            $reply.Text | Should -Be 'ping'
        }

        It 'takes bytes, and requests from the pipeline' {
            (Invoke-WsRequest -InputObject ([byte[]] (1, 2))).Bytes | Should -Be 1, 2
            ('a', 'b' | Invoke-WsRequest).Text | Should -Be 'a', 'b'
        }

        It 'leaves what is queued where it is, in order' {
            'one', 'two' | Send-WsMessage
            Wait-Queued -Socket $echo -Count 2
            (Invoke-WsRequest 'three').Text | Should -Be 'three'
            (Receive-WsMessage -All).Text | Should -Be 'one', 'two'
        }

        It 'tells the reply by -ReplyFilter, and leaves the others' {
            'a', 'b' | Send-WsMessage
            (Invoke-WsRequest 'wanted' -ReplyFilter { $_.Text -eq 'wanted' }).Text | Should -Be 'wanted'
            (Receive-WsMessage -Count 2).Text | Should -Be 'a', 'b'
        }

        It 'gives -ReplyFilter the object with -FromJson' {
            Send-WsMessage 'no json'
            $reply = Invoke-WsRequest @{ id = 7; value = 'x' } -AsJson -FromJson -ReplyFilter { $_.id -eq 7 }
            $reply.value | Should -Be 'x'
            (Receive-WsMessage).Text | Should -Be 'no json'
        }

        It 'goes as deep as -Depth' {
            (Invoke-WsRequest @{ a = @{ b = @{ c = 1 } } } -AsJson -FromJson).a.b.c | Should -Be 1
            $null = Invoke-WsRequest @{ a = @{ b = 1 } } -AsJson -Depth 0 -WarningAction SilentlyContinue -WarningVariable warning
            $warning | Should -BeLike '*depth of 0*'
            { Invoke-WsRequest 'x' -Depth 101 } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }

        It 'reports a -ReplyFilter that throws; the message stays and the connection lives' {
            $failure = Get-Failure { Invoke-WsRequest 'x' -ReplyFilter { throw 'broken filter' } }
            $failure.FullyQualifiedErrorId | Should -BeLike 'ReplyFilterFailed,*'
            "$failure" | Should -BeLike '*broken filter*'
            (Receive-WsMessage).Text | Should -Be 'x'
            (Invoke-WsRequest 'y').Text | Should -Be 'y'
        }

        It 'reports no reply within -TimeoutSeconds; a late one stays for Receive-WsMessage' {
            $failure = Get-Failure { Invoke-WsRequest 'x' -ReplyFilter { $false } -TimeoutSeconds 1 }
            $failure.FullyQualifiedErrorId | Should -BeExactly 'ReplyTimeout,MessageWebSockets.PowerShell.InvokeWsRequestCommand'
            $failure.CategoryInfo.Category | Should -Be 'OperationTimeout'
            $failure.TargetObject | Should -Be $echo
            (Receive-WsMessage).Text | Should -Be 'x'
            { Invoke-WsRequest 'x' -TimeoutSeconds -1 } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }

        It 'refuses what is no message' {
            (Get-Failure { Invoke-WsRequest -InputObject 42 }).FullyQualifiedErrorId | Should -BeLike 'UnsupportedInputObject,*'
            (Get-Failure { Invoke-WsRequest "$([char] 0xD800)" }).FullyQualifiedErrorId | Should -BeLike 'InvalidMessage,*'
            { Invoke-WsRequest 'x' -ReplyFilter $null } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }

        It 'reports a reply that is no JSON with -FromJson' {
            $failure = Get-Failure { Invoke-WsRequest 'plain' -FromJson }
            $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidJson,*'
            $failure.TargetObject.Text | Should -Be 'plain'
        }

        It 'takes a -Socket by name, and refuses to guess' {
            $null = Connect-MessageWebSocket (Get-Address -Path 'silent') -Name other
            (Invoke-WsRequest 'x' -Socket echo).Text | Should -Be 'x'
            (Get-Failure { Invoke-WsRequest 'x' }).FullyQualifiedErrorId | Should -BeLike 'SeveralOpenSockets,*'
        }

        It 'answers many requests at once on one socket' {
            $replies = 1..40 | ForEach-Object -ThrottleLimit 8 -Parallel {
                Import-Module "$using:repository/WebSocket.psd1"
                $number = $_
                $reply = Invoke-WsRequest @{ id = $number } -AsJson -FromJson -Socket $using:echo -ReplyFilter { $_.id -eq $number }
                "$number=$($reply.id)"
            }
            $replies | Sort-Object | Should -Be (1..40 | ForEach-Object { "$_=$_" } | Sort-Object)
            $echo.Queued | Should -Be 0
        }
    }

    Context 'when the connection ends' {
        It 'reports an orderly end' {
            $socket = Connect-MessageWebSocket (Get-Address -Path 'close?code=4000')
            (Get-Failure { Invoke-WsRequest 'x' -Socket $socket -TimeoutSeconds 20 }).FullyQualifiedErrorId |
                Should -BeLike 'ConnectionClosed,*'
        }

        It 'reports an abnormal end' {
            $socket = Connect-MessageWebSocket $server.faults.'fin-without-close'
            (Get-Failure { Invoke-WsRequest 'x' -Socket $socket -ReplyFilter { $false } -TimeoutSeconds 20 }).FullyQualifiedErrorId |
                Should -BeLike 'Connection*,*'
        }

        It 'is refused without a socket, and on one that is not connected' {
            (Get-Failure { Invoke-WsRequest 'x' }).FullyQualifiedErrorId | Should -BeLike 'NoOpenSocket,*'
            $created = New-MessageWebSocket
            (Get-Failure { Invoke-WsRequest 'x' -Socket $created }).FullyQualifiedErrorId | Should -BeLike 'SocketNotConnected,*'
        }
    }

    Context '-JsonRpc' {
        It 'sends a request of JSON-RPC 2.0, or of the DevTools protocol' {
            $echo = Connect-MessageWebSocket (Get-Address -Path 'echo')
            # An echo of a request is no reply to it: it has a method.
            $null = Invoke-WsRequest -JsonRpc 'sum' -Params 1, 2 -TimeoutSeconds 1 -ErrorVariable problem -ErrorAction SilentlyContinue
            $problem[0].FullyQualifiedErrorId | Should -BeLike 'ReplyTimeout,*'
            (Receive-WsMessage).Text | Should -BeExactly '{"jsonrpc":"2.0","id":1,"method":"sum","params":[1,2]}'
            $page = @{ url = 'about:blank' }
            $null = Invoke-WsRequest -JsonRpc 'Page.navigate' -Params $page -Dialect DevTools -TimeoutSeconds 1 -ErrorAction Ignore
            (Receive-WsMessage).Text | Should -BeExactly '{"id":2,"method":"Page.navigate","params":{"url":"about:blank"}}'
            { Invoke-WsRequest -JsonRpc 'x' -Dialect Klingon } | Should -Throw -ErrorId 'CannotConvertArgument*'
            { Invoke-WsRequest -JsonRpc '' } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        }

        It 'emits the result, whatever else arrives, and in whatever order replies come' {
            # Answers the second request before the first, with a notification and a request of its own in between.
            $responder = Start-Responder {
                param($Request)
                if ($Request.method -eq 'slow') {
                    $global:held = $Request.id
                } elseif ($Request.method -eq 'fast') {
                    "{""method"":""progress"",""id"":$($Request.id)}"
                    "{""jsonrpc"":""2.0"",""id"":$($Request.id),""result"":{""of"":""fast""}}"
                    "{""jsonrpc"":""2.0"",""id"":$global:held,""result"":[1,2,3]}"
                }
            }
            $socket = Connect-MessageWebSocket (Get-Address -Path 'broadcast') -Name caller
            $jobs = 'slow', 'fast' | ForEach-Object {
                $method = $_
                $shell = [powershell]::Create().AddScript(
                    'param($Manifest, $Socket, $Method) Import-Module $Manifest; Invoke-WsRequest -JsonRpc $Method -Socket $Socket')
                $null = $shell.AddArgument("$repository/WebSocket.psd1").AddArgument($socket).AddArgument($method)
                @{ Shell = $shell; Running = $shell.BeginInvoke() }
                # The first one has to be on its way before the second.
                if ($method -eq 'slow') {
                    $clock = [System.Diagnostics.Stopwatch]::StartNew()
                    while ($socket.Sent -lt 1 -and $clock.Elapsed -lt $patience) {
                        $null = [System.Threading.Thread]::Yield()
                    }
                }
            }
            $slow = $jobs[0].Shell.EndInvoke($jobs[0].Running)
            $fast = $jobs[1].Shell.EndInvoke($jobs[1].Running)
            $slow | Should -Be 1, 2, 3
            $fast.of | Should -Be 'fast'
            (Receive-WsMessage -Socket $socket -All).Text | Where-Object { $_ -like '*progress*' } | Should -HaveCount 1
            $responder.Stop()
        }

        It 'reports an error of the server, with all of it' {
            $responder = Start-Responder {
                param($Request)
                if ($Request.method) {
                    $problem = '{"code":-32601,"message":"no such method","data":{"tried":"it"}}'
                    "{""jsonrpc"":""2.0"",""id"":$($Request.id),""error"":$problem}"
                }
            }
            $null = Connect-MessageWebSocket (Get-Address -Path 'broadcast') -Name caller
            $failure = Get-Failure { Invoke-WsRequest -JsonRpc 'nope' -Socket caller }
            $failure.FullyQualifiedErrorId | Should -BeLike 'JsonRpcError,*'
            "$failure" | Should -BeLike "*'nope'*-32601*no such method*"
            $failure.TargetObject.data.tried | Should -Be 'it'
            $responder.Stop()
        }
    }
}

Describe 'A -ReplyFilter that fails' {
    BeforeAll { $null = Connect-MessageWebSocket (Get-Address -Path 'echo') }

    AfterAll { Close-EverySocket }

    It 'is named, with the message: <What>' -ForEach @(
        @{
            What = 'a property that is missing, in strict mode'; Filter = { Set-StrictMode -Version Latest; $_.no_such_property }
            Text = '*no_such_property*'
        }
        @{ What = 'a method that throws'; Filter = { [int]::Parse('x') }; Text = "*x*" }
        @{ What = 'an error that is thrown'; Filter = { throw 'not today' }; Text = '*not today*' }
        @{ What = 'what the cmdlet itself knows'; Filter = { throw [System.ArgumentException]::new('mine') }; Text = '*mine*' }
        @{ What = 'a cancellation'; Filter = { throw [System.OperationCanceledException]::new('mine') }; Text = '*mine*' }
        @{ What = 'a bad format'; Filter = { throw [System.FormatException]::new('mine') }; Text = '*mine*' }
    ) {
        $failure = Get-Failure { Invoke-WsRequest "`e[31m{""a"":1}" -ReplyFilter $Filter -TimeoutSeconds 20 }
        $failure.FullyQualifiedErrorId | Should -BeExactly 'ReplyFilterFailed,MessageWebSockets.PowerShell.InvokeWsRequestCommand'
        "$failure" | Should -BeLike "-ReplyFilter failed at the message \e``[31m{""a"":1}: $Text"
        $failure.TargetObject.Text | Should -BeExactly "`e[31m{""a"":1}"
        (Receive-WsMessage -All).Count | Should -Be 1
    }

    It 'keeps no other request from its reply once it is over' {
        # The first ends by its timeout while messages go on coming, and nothing asks it any more.
        $null = Invoke-WsRequest 'a' -ReplyFilter { $false } -TimeoutSeconds 0.1 -ErrorAction SilentlyContinue
        'b', 'c' | Send-WsMessage
        (Invoke-WsRequest 'd' -ReplyFilter { $_.Text -eq 'd' } -TimeoutSeconds 20).Text | Should -Be 'd'
        (Receive-WsMessage -Count 3).Text | Should -Be 'a', 'b', 'c'
    }

    It 'leaves the loop around it when it says break' {
        foreach ($number in 1..3) {
            Invoke-WsRequest 'x' -ReplyFilter { break } -TimeoutSeconds 20
        }
        $number | Should -Be 1
        (Receive-WsMessage).Text | Should -Be 'x'
    }
}

Describe 'A -ReplyFilter that closes its own socket by <Way>' -ForEach @(
    @{ Way = 'Close-MessageWebSocket'; Close = { Close-MessageWebSocket own -TimeoutSeconds 20 } }
    @{ Way = 'Close'; Close = { $socket.Close() } }
    @{ Way = 'CloseAsync'; Close = { $null = $socket.CloseAsync().GetAwaiter().GetResult() } }
) {
    BeforeEach {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo') -Name own
        'before' | Send-WsMessage -Socket own
        Wait-Queued -Socket $socket -Count 1
    }

    AfterEach { Close-EverySocket }

    # The time is no matter of speed: it is over where the close waits for its answer, which is read behind the message.
    It 'gets the message that it takes' {
        $streams = Get-Streams { Invoke-WsRequest 'x' -Socket own -TimeoutSeconds 20 -ReplyFilter { . $Close; $true } }
        $streams.Error | Should -BeNullOrEmpty
        $streams.Warning | Should -BeNullOrEmpty
        $streams.Output.Text | Should -BeExactly 'x'
        $socket.State | Should -Be 'Closed'
        (Receive-WsMessage -Socket $socket -All).Text | Should -BeExactly 'before'
    }

    It 'is told that the connection is closed where it takes none' {
        $streams = Get-Streams { Invoke-WsRequest 'x' -Socket own -TimeoutSeconds 20 -ReplyFilter { . $Close; $false } }
        $streams.Warning | Should -BeNullOrEmpty
        $streams.Output | Should -BeNullOrEmpty
        $streams.Error.FullyQualifiedErrorId | Should -BeExactly 'ConnectionClosed,MessageWebSockets.PowerShell.InvokeWsRequestCommand'
        (Receive-WsMessage -Socket $socket -All).Text | Should -BeExactly 'before', 'x'
    }

    It 'is named where it fails afterwards' {
        (Get-Failure { Invoke-WsRequest 'x' -Socket own -TimeoutSeconds 20 -ReplyFilter { . $Close; throw 'mine' } }
        ).FullyQualifiedErrorId | Should -BeLike 'ReplyFilterFailed,*'
    }
}
