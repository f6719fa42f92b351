#requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5' }

# Requests and replies of protocols: numbers, notifications, batches.
BeforeAll {
    $script:answering = $null
    . (Join-Path -Path $PSScriptRoot -ChildPath 'TestServer.ps1')
    Import-TestedModule
    $server = Start-TestServer

    # A server of this session whose answers a test decides: $_ is the parsed request, and what the script emits is sent.
    function Connect-Answering {
        param([string] $Answer)

        $script:answering = Start-WsEchoServer -Handler ([scriptblock]::Create("`$_ = `$_.Text | ConvertFrom-Json -NoEnumerate; $Answer"))
        $answering | Connect-MessageWebSocket
    }

    function Stop-Answering {
        if ($answering) {
            $answering | Stop-WsEchoServer
            $script:answering = $null
        }
    }
}

AfterAll {
    Stop-LineServer -Server $server
    Remove-Module -Name 'WebSocket'
}

Describe 'Invoke-WsRequest -IdProperty' {
    AfterEach {
        Close-EverySocket
        Stop-Answering
    }

    It 'numbers a request at <Path> and takes the message with that number, whatever comes before it' -TestCases @(
        @{ Path = 'id'; Request = @{ type = 'get_states' }; Sent = '{"id":1,"type":"get_states"}' }
        @{ Path = 'id:string'; Request = @{ type = 'subscribe' }; Sent = '{"id":"1","type":"subscribe"}' }
        @{ Path = 'invocationId:string'; Request = @{ type = 1 }; Sent = '{"invocationId":"1","type":1}' }
        @{
            Path = 'd.requestId:string'; Request = [ordered] @{ op = 6; d = @{ requestType = 'GetVersion' } }
            Sent = '{"op":6,"d":{"requestId":"1","requestType":"GetVersion"}}'
        }
        @{ Path = 'd.requestId'; Request = @{ op = 6 }; Sent = '{"d":{"requestId":1},"op":6}' }
        @{ Path = 'id'; Request = @{ }; Sent = '{"id":1}' }
        @{ Path = 'id'; Request = [ordered] @{ a = 1; id = $null }; Sent = '{"a":1,"id":1}' }
        @{ Path = 'a b"c'; Request = @{ x = 1 }; Sent = '{"a b\u0022c":1,"x":1}' }
    ) {
        # Its notification first, the reply to another request, and then that to this one.
        $socket =
            Connect-Answering -Answer '"{""event"":1}"; $text = $_ | ConvertTo-Json -Compress -Depth 9; $text.Replace("1", "99"); $text'
        $reply = Invoke-WsRequest $Request -AsJson -IdProperty $Path
        $reply | Should -BeOfType 'MessageWebSockets.WsMessage'
        ($reply.Text | ConvertFrom-Json | ConvertTo-Json -Compress -Depth 9) |
            Should -BeExactly ($Sent | ConvertFrom-Json | ConvertTo-Json -Compress -Depth 9)
        (Receive-WsMessage -All).Text | Should -Be '{"event":1}', $reply.Text.Replace('1', '99')
        $answering.MessagesReceived | Should -Be 1
    }

    It 'writes the number into the text of the request and changes nothing else: <Request>' -TestCases @(
        @{ Request = '{"big":12345678901234567890123,"x":1.50}'; Sent = '{"id":1,"big":12345678901234567890123,"x":1.50}' }
        @{ Request = ' { } '; Sent = ' {"id":1 } ' }
        @{ Request = "{`n`"s`":`"}{`"}"; Sent = "{`"id`":1,`n`"s`":`"}{`"}" }
    ) {
        $null = Connect-MessageWebSocket (Get-Address -Path 'echo')
        (Invoke-WsRequest $Request -IdProperty id).Text | Should -BeExactly $Sent
    }

    It 'keeps the number that a request has' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'echo')
        'no json', '{"id":"Mine"}', '{"id":1}' | Send-WsMessage
        (Invoke-WsRequest @{ id = 'mine'; value = 5 } -AsJson -FromJson -IdProperty id).value | Should -Be 5
        (Receive-WsMessage -Count 3).Text | Should -Be 'no json', '{"id":"Mine"}', '{"id":1}'
    }

    It 'goes on behind the numbers that the script gave on its own, wherever it sent them' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'echo') -Profile @{ IdProperty = 'id:string' } -OnConnected {
            @{ id = '3'; type = 'subscribe' }
            '{"id":"no number"}'
        }
        (Invoke-WsRequest @{} -AsJson -FromJson).id | Should -BeExactly '4'
        '{"id":"20"}', '[]', '{"id":"6"}' | Send-WsMessage
        @{ id = 9 } | Send-WsMessage -AsJson
        (Invoke-WsRequest @{} -AsJson -FromJson).id | Should -BeExactly '21'
        (Invoke-WsRequest @{ id = 40 } -AsJson -FromJson).id | Should -Be 40
        (Invoke-WsRequest @{} -AsJson -FromJson).id | Should -BeExactly '41'
    }

    It 'gives each request of a pipeline and of several runspaces a number of its own' {
        $echo = Connect-MessageWebSocket (Get-Address -Path 'echo')
        (1..3 | ForEach-Object { @{ value = $_ } } | Invoke-WsRequest -AsJson -FromJson -IdProperty id).value | Should -Be 1, 2, 3
        $replies = 1..20 | ForEach-Object -ThrottleLimit 4 -Parallel {
            Import-Module "$using:repository/WebSocket.psd1"
            $reply = Invoke-WsRequest @{ value = $_ } -AsJson -FromJson -IdProperty id -Socket $using:echo
            "$_=$($reply.value)"
        }
        $replies | Sort-Object | Should -Be (1..20 | ForEach-Object { "$_=$_" } | Sort-Object)
        $echo.Queued | Should -Be 0
    }

    It 'is by default what the connection says, with -AsJson and without -ReplyFilter' {
        $socket = New-MessageWebSocket
        $socket.Control.IdProperty = 'd.requestId:string'
        $null = Connect-MessageWebSocket (Get-Address -Path 'echo') -Socket $socket
        (Invoke-WsRequest @{ op = 6 } -AsJson -FromJson).d.requestId | Should -BeExactly '1'
        (Invoke-WsRequest @{ op = 6 } -AsJson).Text | Should -BeExactly '{"d":{"requestId":"2"},"op":6}'
        (Invoke-WsRequest @{ op = 6 } -AsJson -ReplyFilter { $true }).Text | Should -BeExactly '{"op":6}'
        (Invoke-WsRequest @{ op = 6 } -AsJson -IdProperty '').Text | Should -BeExactly '{"op":6}'
        (Invoke-WsRequest @{ op = 6 } -AsJson -IdProperty id).Text | Should -BeExactly '{"id":3,"op":6}'
        (Invoke-WsRequest 'text').Text | Should -BeExactly 'text'
    }

    It 'refuses a request that has no place for a number: <What>' -TestCases @(
        @{ What = 'a list'; Request = '[1]'; Path = 'id'; Text = '*no JSON object*' }
        @{ What = 'no JSON'; Request = 'hello'; Path = 'id'; Text = '*no JSON object*' }
        @{ What = 'a text in the way'; Request = '{"d":"x"}'; Path = 'd.requestId'; Text = "*'d' is no object*'requestId'*" }
    ) {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        $failure = Get-Failure { Invoke-WsRequest $Request -IdProperty $Path }
        $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidMessage,*'
        "$failure" | Should -BeLike $Text
        $failure.TargetObject | Should -Be $Request
        (Get-Failure { Invoke-WsRequest -InputObject 42 -IdProperty $Path }).FullyQualifiedErrorId |
            Should -BeLike 'UnsupportedInputObject,*'
        $failure = Get-Failure { Invoke-WsRequest -InputObject ([byte[]] (123, 125)) -IdProperty $Path }
        $failure.FullyQualifiedErrorId | Should -BeLike 'UnsupportedInputObject,*'
        "$failure" | Should -BeLike 'An object of type Byte`[`] cannot be numbered: with -IdProperty*'
        $socket.Sent | Should -Be 0
    }

    It 'refuses what is no path, and a filter beside it' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'echo')
        foreach ($path in '.', 'a..b', 'a.', ':string', ' ', 'id:number') {
            (Get-Failure { Invoke-WsRequest '{}' -IdProperty $path }).FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
        }
        (Get-Failure { Invoke-WsRequest '{}' -IdProperty id -ReplyFilter { $true } }).FullyQualifiedErrorId |
            Should -BeLike 'ParameterConflict,*'
        { Invoke-WsRequest '{}' -IdProperty $null } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        { Invoke-WsRequest -JsonRpc x -IdProperty id } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
    }

    It 'reports no reply in time, and leaves what came' {
        $null = Connect-Answering -Answer "'{""id"":""1""}', 'no json', '{""id"":2}'"
        $failure = Get-Failure { Invoke-WsRequest @{ a = 1 } -AsJson -IdProperty id -TimeoutSeconds 1 }
        $failure.FullyQualifiedErrorId | Should -BeLike 'ReplyTimeout,*'
        "$failure" | Should -BeLike '*3 messages wait in the inbox. Of what came meanwhile, 1 was no JSON.'
        (Receive-WsMessage -All).Text | Should -Be '{"id":"1"}', 'no json', '{"id":2}'
    }

    It 'is completed' {
        $words = (TabExpansion2 -inputScript 'Invoke-WsRequest @{} -AsJson -IdProperty ' -cursorColumn 41).CompletionMatches.CompletionText
        $words | Should -Be 'id', 'id:string', 'invocationId:string', 'd.requestId:string'
    }
}

Describe 'Invoke-WsRequest -JsonRpc' {
    AfterEach {
        Close-EverySocket
        Stop-Answering
    }

    It 'sends a notification with -NoReply and waits for nothing' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'echo')
        Invoke-WsRequest -JsonRpc log -Params @{ text = 'x' } -NoReply | Should -BeNullOrEmpty
        (Receive-WsMessage).Text | Should -BeExactly '{"jsonrpc":"2.0","method":"log","params":{"text":"x"}}'
        'a', 'b' | Invoke-WsRequest -JsonRpc log -NoReply
        (Receive-WsMessage -Count 2 -FromJson).params | Should -Be 'a', 'b'
    }

    It 'has an object or an array as its parameters, whatever is given' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'echo')
        $values = [ordered] @{
            '[5]' = 5; '["abc"]' = 'abc'
            '[true]' = $true; '[""]' = ''; '["2026-01-02T00:00:00Z"]' = [datetime]::new(2026, 1, 2, 0, 0, 0, [System.DateTimeKind]::Utc)
            '[1,2]' = 1, 2; '[[1]]' = , @(, 1)
            '[]' = @(); '[null]' = , $null; '[7,8]' = [byte[]] (7, 8); '["a"]' = [System.Collections.Generic.List[string]] @('a')
            '{"a":1}' = @{ a = 1 }; '{"b":2}' = [pscustomobject] @{ b = 2 }; '{}' = @{}
        }
        foreach ($written in $values.Keys) {
            Invoke-WsRequest -JsonRpc x -Params $values[$written] -NoReply
            Invoke-WsRequest -Batch @{ Method = 'x'; Params = $values[$written]; NoReply = $true }
            (Receive-WsMessage -Count 2).Text | Should -BeExactly "{`"jsonrpc`":`"2.0`",`"method`":`"x`",`"params`":$written}",
                "[{`"jsonrpc`":`"2.0`",`"method`":`"x`",`"params`":$written}]"
        }

        Invoke-WsRequest -JsonRpc x -Params $null -NoReply
        (Receive-WsMessage).Text | Should -BeExactly '{"jsonrpc":"2.0","method":"x"}'

        # -Depth is that of the parameters, as ConvertTo-Json would write them.
        Invoke-WsRequest -JsonRpc x -Params @{ a = @{ b = 1 } } -Depth 1 -NoReply -WarningAction Stop
        (Receive-WsMessage).Text | Should -BeLike '*"params":{"a":{"b":1}}}'
    }

    It 'has the message on its way when -NoReply returns' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'rpc')
        Invoke-WsRequest -JsonRpc log -NoReply
        $socket.Information.MessagesWritten | Should -Be 1
        Invoke-WsRequest -JsonRpc add -Params 1, 2 | Should -Be 3
    }

    It 'reports a connection that has ended to -NoReply, too' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'close?code=4000')
        Receive-WsMessage -Follow
        (Get-Failure { Invoke-WsRequest -JsonRpc log -NoReply -Socket $socket }).FullyQualifiedErrorId | Should -BeLike 'ConnectionClosed,*'
    }

    It 'adds -ExtraProperties to the request' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'echo')
        Invoke-WsRequest -JsonRpc 'Page.enable' -ExtraProperties ([ordered] @{ sessionId = 'S1'; n = 1 }) -Dialect DevTools -NoReply
        # What has no id is refused by the DevTools protocol, which knows no notifications.
        (Receive-WsMessage).Text | Should -BeExactly '{"id":1,"method":"Page.enable","sessionId":"S1","n":1}'
        foreach ($name in 'id', 'method', 'params', 'jsonrpc') {
            $failure = Get-Failure { Invoke-WsRequest -JsonRpc x -ExtraProperties @{ $name = 1 } }
            $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidSetting,*'
            "$failure" | Should -BeLike "*'$name'*-ExtraProperties*"
        }
        { Invoke-WsRequest -JsonRpc x -ExtraProperties $null } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
    }

    It 'writes in the dialect of the connection unless one is given' {
        $socket = New-MessageWebSocket
        $socket.Control.Dialect = 'DevTools'
        $null = Connect-MessageWebSocket (Get-Address -Path 'echo') -Socket $socket
        Invoke-WsRequest -JsonRpc a -NoReply
        Invoke-WsRequest -JsonRpc b -NoReply -Dialect JsonRpc2
        (Receive-WsMessage -Count 2).Text | Should -Be '{"id":1,"method":"a"}', '{"jsonrpc":"2.0","method":"b"}'
    }

    It 'has code and data of an error on its record' {
        $null = Connect-Answering -Answer '"{""id"":$($_.id),""error"":{""code"":-32000,""message"":""no"",""data"":{""retry"":[1,2]}}}"'
        $failure = Get-Failure { Invoke-WsRequest -JsonRpc x }
        $failure.FullyQualifiedErrorId | Should -BeLike 'JsonRpcError,*'
        $failure.Exception.Code | Should -Be -32000
        $failure.Exception.ErrorData.retry | Should -Be 1, 2
        $failure.TargetObject.message | Should -Be 'no'
        $failure = Get-Failure { Invoke-WsRequest -JsonRpc x -AsHashtable }
        $failure.Exception.ErrorData | Should -BeOfType 'hashtable'
    }

    It 'has an error that is only a text' {
        $null = Connect-Answering -Answer '"{""id"":$($_.id),""error"":""broken""}"'
        $failure = Get-Failure { Invoke-WsRequest -JsonRpc x }
        "$failure" | Should -BeLike '*"broken"'
        $failure.Exception.Code | Should -BeNullOrEmpty
        $failure.Exception.ErrorData | Should -BeNullOrEmpty
    }

    It 'ends with an error without an id when it waits alone' {
        $null = Connect-Answering -Answer '''{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}'''
        (Get-Failure { Invoke-WsRequest -JsonRpc x }).Exception.Code | Should -Be -32700
        (Get-Failure { Invoke-WsRequest -Batch 'x', 'y' }).Exception.Code | Should -Be -32700
    }
}

Describe 'Invoke-WsRequest -Batch' {
    AfterEach {
        Close-EverySocket
        Stop-Answering
    }

    It 'gives the results in the order of the requests' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'rpc')
        $sum, $echo, $list = Invoke-WsRequest -Batch @{ Method = 'add'; Params = 1, 2 }, @{ method = 'echo'; params = @{ a = 1 } },
            ([pscustomobject] @{ Method = 'echo'; Params = 4, 5 })
        $sum | Should -Be 3
        $echo.a | Should -Be 1
        , $list | Should -BeOfType 'object[]'
        $list | Should -Be 4, 5
    }

    It 'is one message, with a notification where there is NoReply' {
        $null = Connect-Answering -Answer ('''{"event":1}''; $ids = ($_ | Where-Object id).id; ' +
            '"[{""id"":$($ids[1]),""result"":""second""},{""id"":$($ids[0]),""result"":null}]"')
        $results = @(
            Invoke-WsRequest -Batch 'first', @{ Method = 'log'; Params = @{ x = 1 }; NoReply = $true }, 'second' -ExtraProperties @{
                sessionId = 's'
            }
        )
        $results.Count | Should -Be 2
        $results[0] | Should -BeNullOrEmpty
        $results[1] | Should -Be 'second'
        (Receive-WsMessage -All).Text | Should -Be '{"event":1}'
        $answering.MessagesReceived | Should -Be 1
    }

    It 'writes what JSON-RPC 2.0 wants' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'echo')
        Invoke-WsRequest -Batch @{ Method = 'a'; NoReply = $true }, @{ Method = 'b'; Params = 1, 2; NoReply = $true } |
            Should -BeNullOrEmpty
        (Receive-WsMessage).Text | Should -BeExactly '[{"jsonrpc":"2.0","method":"a"},{"jsonrpc":"2.0","method":"b","params":[1,2]}]'
        $null = Invoke-WsRequest -Batch @{
            Method = 'a'; NoReply = $true
        }, 'b' -TimeoutSeconds 1 -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'ReplyTimeout,*'
        (Receive-WsMessage).Text | Should -Match '^\[\{"jsonrpc":"2.0","method":"a"\},\{"jsonrpc":"2.0","id":\d+,"method":"b"\}\]$'
    }

    It 'reports the error for one of them and emits $null in its place' {
        $null = Connect-MessageWebSocket (Get-Address -Path 'rpc')
        $results = @(Invoke-WsRequest -Batch @{
            Method = 'add'; Params = 1, 2
        }, 'nope', @{ Method = 'echo'; Params = 'x' } -ErrorVariable problem -ErrorAction SilentlyContinue)
        $results.Count | Should -Be 3
        $results[0] | Should -Be 3
        $results[1] | Should -BeNullOrEmpty
        $results[2] | Should -Be 'x'
        $problem | Should -HaveCount 1
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'JsonRpcError,*'
        "$($problem[0])" | Should -BeLike "*'nope'*-32601*"
    }

    It 'reports a request that the answer has nothing for, and gives it the error without an id' {
        $null = Connect-Answering -Answer ('$ids = $_.id; ' +
            '"[{""id"":$($ids[2]),""result"":3},{""id"":null,""error"":{""code"":-32600,""message"":""Invalid""}}]"')
        $results = @(Invoke-WsRequest -Batch 'a', 'b', 'c' -ErrorVariable problem -ErrorAction SilentlyContinue)
        $results | Should -Be $null, $null, 3
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'JsonRpcError,*'
        $problem[0].Exception.Code | Should -Be -32600
        $problem[1].FullyQualifiedErrorId | Should -BeLike 'NoAnswerInBatch,*'
        "$($problem[1])" | Should -BeLike "*'b'*"
    }

    It 'leaves other lists, and answers to others, in the inbox' {
        $null = Connect-Answering -Answer ('''[1,2]'', ''[]'', ''[{"id":999,"result":1}]'', ''no json''; ' +
            '"[{""id"":$($_[0].id),""result"":""mine""}]"')
        Invoke-WsRequest -Batch 'x' | Should -Be 'mine'
        (Receive-WsMessage -All).Text | Should -Be '[1,2]', '[]', '[{"id":999,"result":1}]', 'no json'
    }

    It 'sends nothing when a request of it is none: <What>' -TestCases @(
        @{ What = 'no method'; Item = @{ Params = 1 }; Text = '*Method*' }
        @{ What = 'a member it does not know'; Item = @{ Method = 'a'; id = 7 }; Text = "*'id'*" }
        @{ What = 'a number'; Item = 42; Text = '*Method*' }
        @{ What = 'nothing'; Item = $null; Text = '*' }
        @{ What = 'an empty text'; Item = ''; Text = '*' }
    ) {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'rpc')
        $failure = Get-Failure { Invoke-WsRequest -Batch 'a', $Item }
        $failure.FullyQualifiedErrorId | Should -Match '^(InvalidMessage|ParameterArgumentValidationError),'
        "$failure" | Should -BeLike $Text
        $socket.Sent | Should -Be 0
    }

    It 'is not empty, and stands alone' {
        { Invoke-WsRequest -Batch @() } | Should -Throw -ErrorId 'ParameterArgumentValidationError*,*'
        { Invoke-WsRequest -Batch 'a' -JsonRpc 'b' } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
        { Invoke-WsRequest -Batch 'a' -NoReply } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
    }

    It 'ends at once when it is stopped, and what comes stays' {
        $socket = Connect-MessageWebSocket (Get-Address -Path 'echo')
        $started = Start-Script { Invoke-WsRequest -Batch 'a', 'b' -Socket $args[0] } -ArgumentList $socket
        Wait-Queued -Socket $socket -Count 1
        Stop-Script $started
        (Receive-WsMessage -Socket $socket -All).Count | Should -Be 1
    }
}
